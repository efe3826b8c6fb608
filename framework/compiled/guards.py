"""The circuit breakers, but for those of data and broker, and the emergency shutdown: what ``rules.guards`` folds; plain numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.compiled.columns import (
    CONSECUTIVE_LOSSES,
    CUT,
    DAILY,
    DAILY_AT,
    DAILY_LOSS,
    DAILY_SEEN,
    DRAWDOWN,
    DRAWDOWN_AT,
    DRAWDOWN_SEEN,
    G_DAY_PEAK,
    G_EQUITY,
    G_OPENING,
    G_PEAK,
    G_SAFE,
    G_SESSION,
    GUARD,
    IS_CUT,
    LOSSES,
    PLACE,
    PROFIT_PROTECTION,
    R_CODE,
    REFUSALS,
    RELEASED,
    RESTORED,
    SESSIONS,
    TAPE_FULL,
    TRIPPED,
    TRIPS,
    TRIPS_NOW,
    WINS,
)
from framework.compiled.writing import leave, note
from framework.rules.guards.breakers import given_back, loss_fraction

if TYPE_CHECKING:
    from framework.compiled.columns import World

#: The session before the first close.
NOT_STARTED = -(2**62)
#: Equity that nothing is known to be safe with.
NEVER_SAFE = 2**62


def is_safe(world: World, place: int, equity: int) -> bool:
    """Whether no breaker can react: a loss that is not smaller was looked at before, from the same peaks, and no peak is new."""
    account = world.account
    return bool(account[G_SAFE] <= equity <= account[G_DAY_PEAK] and account[G_SESSION] == world.session[place])


def on_equity(world: World, place: int, equity: int) -> None:
    """The account is worth ``equity`` micro-dollars at the close of ``place``."""
    account, guards = world.account, world.guards
    account[PLACE] = place
    if account[G_SESSION] == NOT_STARTED:
        account[G_SESSION], account[SESSIONS] = world.session[place], 1
        account[G_EQUITY] = account[G_PEAK] = account[G_OPENING] = account[G_DAY_PEAK] = equity
    begin_session(world, place)
    if account[G_EQUITY] == equity and equity > 0:  # as it was last, maybe in the session before: nothing is lost or won
        return
    account[G_EQUITY] = equity
    account[G_DAY_PEAK] = max(account[G_DAY_PEAK], equity)
    account[G_PEAK] = max(account[G_PEAK], equity)
    lost = loss_fraction(account[G_OPENING], equity)
    if lost >= guards.daily_loss and trip(world, DAILY_LOSS, lost):
        violated(world, DAILY_SEEN, DAILY_AT)
    lost = loss_fraction(account[G_PEAK], equity)
    if lost >= guards.drawdown and trip(world, DRAWDOWN, lost):
        violated(world, DRAWDOWN_SEEN, DRAWDOWN_AT)
    if guards.goal < math.inf:
        lost = given_back(account[G_OPENING], account[G_DAY_PEAK], equity, guards.goal)
        if lost >= guards.give_back:
            trip(world, PROFIT_PROTECTION, lost)
    if place + 1 < len(world.session) and world.session[place + 1] == world.session[place]:
        look_ahead(world, equity)


def look_ahead(world: World, equity: int) -> None:
    """Find out what is safe for the rest of the session."""
    lower = equity - equity // 256  # how far down is of no matter
    world.account[G_SAFE] = lower if lower < equity and is_harmless(world, lower) else equity


def is_harmless(world: World, equity: int) -> bool:
    """Whether the account could be worth so little in this session without any breaker's reaction."""
    account, guards = world.account, world.guards
    if loss_fraction(account[G_OPENING], equity) >= guards.daily_loss or loss_fraction(account[G_PEAK], equity) >= guards.drawdown:
        return False
    return guards.goal == math.inf or given_back(account[G_OPENING], account[G_DAY_PEAK], equity, guards.goal) < guards.give_back


def begin_session(world: World, place: int) -> None:
    """A session not seen before is measured from the equity at the end of the one before, and releases the daily breakers."""
    account = world.account
    if account[G_SESSION] == world.session[place]:
        return
    account[G_SESSION] = world.session[place]
    account[SESSIONS] += 1
    account[G_OPENING] = account[G_DAY_PEAK] = account[G_EQUITY]
    account[G_SAFE] = NEVER_SAFE
    if world.guards.resets and account[TRIPS] & DAILY:
        account[TRIPS] &= DRAWDOWN
        note(world, RELEASED, 0, 0)


def trip(world: World, breaker: int, figure: float) -> bool:
    """``breaker`` has reached its limit; whether it had not tripped yet."""
    account, index = world.account, world.counts[REFUSALS]
    if account[TRIPS] & breaker:
        return False
    account[TRIPS] += breaker
    if index == len(world.refusals):
        leave(world, TAPE_FULL, 0)
        return True
    world.figures[index, 1] = figure
    world.refusals[index, R_CODE] = GUARD
    world.counts[REFUSALS] = index + 1
    note(world, TRIPS_NOW, index, breaker)
    return True


def violated(world: World, seen: int, at: int) -> None:
    """Count a violation; enough of one kind is the emergency shutdown, which is left to others."""
    account, guards = world.account, world.guards
    fresh = account[seen] > 0 and account[SESSIONS] - account[at] <= guards.memory
    account[seen], account[at] = (account[seen] + 1 if fresh else 1), account[SESSIONS]
    if 0 < guards.violations <= account[seen]:
        leave(world, TRIPPED, 0)


def on_trade(world: World, earned: int) -> None:
    """A round trip has earned ``earned`` micro-dollars."""
    account, guards = world.account, world.guards
    if not guards.enabled or account[G_SESSION] == NOT_STARTED:
        return
    begin_session(world, account[PLACE])
    if earned == 0:
        return
    account[LOSSES] = account[LOSSES] + 1 if earned < 0 else 0
    account[WINS] = 0 if earned < 0 else account[WINS] + 1
    if account[IS_CUT] == 0 and 0 < guards.streak_losses <= account[LOSSES]:
        account[IS_CUT] = 1
        note(world, CUT, account[LOSSES], 0)
    elif account[IS_CUT] == 1 and account[WINS] >= guards.recovery_wins:
        account[IS_CUT] = 0
        note(world, RESTORED, account[WINS], 0)
    if 0 < guards.losses <= account[LOSSES]:
        trip(world, CONSECUTIVE_LOSSES, float(account[LOSSES]))


def size_multiplier(world: World) -> float:
    """What the size of an entry is multiplied by."""
    return world.guards.streak_multiplier if world.account[IS_CUT] == 1 else 1.0
