"""The circuit breakers as far as the loop knows them: a losing streak cuts sizes, and what trips one leaves the loop; plain numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.compiled.columns import (
    CUT,
    G_DAY_PEAK,
    G_EQUITY,
    G_OPENING,
    G_PEAK,
    G_SESSION,
    IS_CUT,
    LOSSES,
    PLACE,
    RESTORED,
    TRIPPED,
    WINS,
)
from framework.compiled.writing import leave, note
from framework.rules.guards.breakers import given_back, loss_fraction

if TYPE_CHECKING:
    from framework.compiled.columns import World

#: The session before the first close.
NOT_STARTED = -(2**62)


def on_equity(world: World, place: int, equity: int) -> None:
    """The account is worth ``equity`` micro-dollars at the close of ``place``."""
    account, guards, session = world.account, world.guards, world.session[place]
    if account[G_SESSION] == session and account[G_EQUITY] == equity:
        return
    account[PLACE] = place
    if account[G_SESSION] == NOT_STARTED:
        account[G_EQUITY] = account[G_PEAK] = equity
    if account[G_SESSION] != session:
        account[G_SESSION] = session
        account[G_OPENING] = account[G_DAY_PEAK] = account[G_EQUITY]
    account[G_EQUITY] = equity
    account[G_DAY_PEAK] = max(account[G_DAY_PEAK], equity)
    account[G_PEAK] = max(account[G_PEAK], equity)
    if loss_fraction(account[G_OPENING], equity) >= guards.daily_loss or loss_fraction(account[G_PEAK], equity) >= guards.drawdown:
        leave(world, TRIPPED, 0)
    if guards.goal < math.inf and given_back(account[G_OPENING], account[G_DAY_PEAK], equity, guards.goal) >= guards.give_back:
        leave(world, TRIPPED, 0)


def on_trade(world: World, earned: int) -> None:
    """A round trip has earned ``earned`` micro-dollars."""
    account, guards = world.account, world.guards
    if not guards.enabled or account[G_SESSION] == NOT_STARTED or earned == 0:
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
        leave(world, TRIPPED, 0)


def size_multiplier(world: World) -> float:
    """What the size of an entry is multiplied by."""
    return world.guards.streak_multiplier if world.account[IS_CUT] == 1 else 1.0
