"""Must trading stop? Circuit breakers as a fold: each event gives the next state and what changed.

Money is micro-dollars, timestamps are ns UTC. A breaker that has tripped stays so (it is latched) until ``on_resume``; only those marked
``daily`` in ``BREAKERS`` are released by the next session, and only if the policy says so. Nothing else ever loosens. A limit that is
reached has tripped: every comparison is ``>=``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.values import rounded_quotient
from framework.rules.guards.state import (
    BREAKERS,
    BROKER_ERRORS,
    CONSECUTIVE_LOSSES,
    DAILY_LOSS,
    DRAWDOWN,
    EMERGENCY_SHUTDOWN,
    NEW_SESSION,
    OPERATOR_HALT,
    OPERATOR_REDUCE,
    OVERRIDDEN,
    PROFIT_PROTECTION,
    RESUMED,
    SIZE_CUT,
    SIZE_RESTORED,
    STALE_DATA,
    GuardState,
    RiskViolationType,
    Tally,
    TradingState,
    Transition,
    Trip,
)

if TYPE_CHECKING:
    from framework.rules.guards.policy import GuardPolicy

Step = tuple[GuardState, tuple[Transition, ...]]


#: More than floats can be off at any equity, micro-dollars.
ROUNDING = 10_000


def started(session: int, equity: int) -> GuardState:
    """The state before the first event of a run, with all breakers closed."""
    return GuardState(session=session, equity=equity, opening=equity, day_peak=equity, peak=equity)


def permits(trading: TradingState, reduces: bool, protects: bool) -> bool:
    """Whether an order may be sent; cancels always may.

    ``protects`` is true for stops, take-profits and an operator's flatten, ``reduces`` for orders that only reduce a position.
    """
    return protects or trading is TradingState.ACTIVE or (reduces and trading is TradingState.REDUCING)


def size_multiplier(state: GuardState, policy: GuardPolicy) -> float:
    """What the size of an entry is multiplied by: 1, or ``streak_multiplier`` after a losing streak."""
    return policy.streak_multiplier if state.size_is_cut else 1.0


def loss_fraction(reference: int, equity: int) -> float:
    """Loss from ``reference`` to ``equity`` as a fraction of it, negative for a gain; 1 where nothing was left to lose."""
    return (reference - equity) / reference if reference > 0 else 1.0


def given_back(opening: int, day_peak: int, equity: int, goal: float) -> float:
    """Fraction of the session's best profit that is lost again; 0 while ``goal`` (a fraction of ``opening``) was not reached."""
    best = day_peak - opening
    return (day_peak - equity) / best if opening > 0 and best > 0 and best / opening >= goal else 0.0


def on_bar(state: GuardState, policy: GuardPolicy, timestamp: int, session: int, equity: int) -> Step:
    """The account is worth ``equity`` at the close of a bar of ``session``; a number not seen before begins a new session.

    A session is measured from the equity at the end of the one before, so that an overnight gap counts.
    """
    opened: tuple[Transition, ...] = ()
    if session != state.session:
        state, opened = _new_session(state, policy, timestamp, session)
    state = replace(state, equity=equity, day_peak=max(state.day_peak, equity), peak=max(state.peak, equity))
    measured = (
        (DAILY_LOSS, loss_fraction(state.opening, equity), policy.max_daily_loss_pct),
        (DRAWDOWN, loss_fraction(state.peak, equity), policy.max_drawdown_pct),
        (PROFIT_PROTECTION, _given_back(state, policy), policy.profit_give_back),
    )
    for code, figure, limit in measured:
        state, tripped = _checked(state, policy, timestamp, code, figure, limit)
        opened += tripped
    return state, opened


def is_calm(policy: GuardPolicy, opening: int, day_peak: int, peak: int, equity: int) -> bool:
    """Whether nothing that ``on_bar`` measures reaches its limit at ``equity`` within a session; the peaks have it in them already."""
    if policy.max_daily_loss_pct is not None and loss_fraction(opening, equity) >= policy.max_daily_loss_pct:
        return False
    if policy.max_drawdown_pct is not None and loss_fraction(peak, equity) >= policy.max_drawdown_pct:
        return False
    goal = policy.profit_goal_pct
    return (0.0 if goal is None else given_back(opening, day_peak, equity, goal)) < policy.profit_give_back


def calm_above(policy: GuardPolicy, opening: int, day_peak: int, peak: int) -> int:
    """An equity above which, up to ``day_peak``, ``is_calm``; the lowest one may lie up to ``ROUNDING`` below it."""
    floors = [0]
    if policy.max_daily_loss_pct is not None:
        floors.append(int(opening * (1.0 - policy.max_daily_loss_pct)))
    if policy.max_drawdown_pct is not None:
        floors.append(int(peak * (1.0 - policy.max_drawdown_pct)))
    if policy.profit_goal_pct is not None:
        floors.append(int(day_peak - policy.profit_give_back * (day_peak - opening)))
    return max(floors) + ROUNDING


def _given_back(state: GuardState, policy: GuardPolicy) -> float:
    goal = policy.profit_goal_pct
    return 0.0 if goal is None else given_back(state.opening, state.day_peak, state.equity, goal)


def _new_session(state: GuardState, policy: GuardPolicy, timestamp: int, session: int) -> Step:
    kept = tuple(trip for trip in state.trips if not (policy.resets_daily and BREAKERS[trip.code].daily and not _lasts(state, trip)))
    fresh = replace(state, session=session, sessions=state.sessions + 1, opening=state.equity, day_peak=state.equity, trips=kept)
    released = len(state.trips) - len(kept)
    return fresh, (_transition(timestamp, NEW_SESSION, state, fresh, released, 0),) if released else ()


def _lasts(state: GuardState, trip: Trip) -> bool:
    """Data that are still missing are one outage, not a new one every session."""
    return trip.code == STALE_DATA and state.data_is_stale


def on_flow(state: GuardState, amount: int) -> GuardState:
    """Money was paid in, or out if below 0: neither profit nor loss, so all references are scaled and the fractions stay what they were."""
    before, after = state.equity, state.equity + amount
    if min(before, after) <= 0:
        return replace(state, equity=after, opening=after, day_peak=after, peak=after)

    def scaled(reference: int) -> int:
        return rounded_quotient(reference * after, before)

    return replace(state, equity=after, opening=scaled(state.opening), day_peak=scaled(state.day_peak), peak=scaled(state.peak))


def on_trade(state: GuardState, policy: GuardPolicy, timestamp: int, pnl: int) -> Step:
    """A round trip ended with ``pnl`` after costs. One of exactly 0 neither breaks nor lengthens a streak."""
    if pnl == 0:
        return state, ()
    lost = pnl < 0
    state = replace(state, losses=state.losses + 1 if lost else 0, wins=0 if lost else state.wins + 1)
    state, resized = _resized(state, policy, timestamp)
    figure = float(state.losses)
    state, tripped = _checked(state, policy, timestamp, CONSECUTIVE_LOSSES, figure, policy.max_consecutive_losses)
    return state, resized + tripped


def _resized(state: GuardState, policy: GuardPolicy, timestamp: int) -> Step:
    if not state.size_is_cut and policy.streak_losses is not None and state.losses >= policy.streak_losses:
        cut = replace(state, size_is_cut=True)
        return cut, (_transition(timestamp, SIZE_CUT, state, cut, state.losses, policy.streak_losses),)
    if state.size_is_cut and state.wins >= policy.streak_recovery_wins:
        restored = replace(state, size_is_cut=False)
        return restored, (_transition(timestamp, SIZE_RESTORED, state, restored, state.wins, policy.streak_recovery_wins),)
    return state, ()


def on_violation(state: GuardState, policy: GuardPolicy, timestamp: int, kind: RiskViolationType) -> Step:
    """Something went beyond a limit although it should not have; enough of one ``kind`` is the emergency shutdown."""
    known = next((tally for tally in state.tallies if tally.kind is kind), Tally(kind, 0, state.sessions))
    fresh = state.sessions - known.session <= policy.violation_memory_sessions
    tally = Tally(kind, known.seen + 1 if fresh else 1, state.sessions)
    others = (one for one in state.tallies if one.kind is not kind)
    state = replace(state, tallies=tuple(sorted((*others, tally))))
    return _checked(state, policy, timestamp, EMERGENCY_SHUTDOWN, tally.seen, policy.max_violations, kind.value)


def is_stale(policy: GuardPolicy, missed: int | None) -> bool:
    """Whether ``missed`` expected bars in a row are too many; ``None`` (nothing was ever seen) and bars from the future are no better."""
    return policy.max_missed_bars is not None and (missed is None or not 0 <= missed < policy.max_missed_bars)


def on_data(state: GuardState, policy: GuardPolicy, timestamp: int, symbol: str, missed: int | None) -> Step:
    """What is held or worked on was looked at, and the worst off is ``symbol``, which has ``missed`` bars (see :func:`is_stale`)."""
    state = replace(state, data_is_stale=is_stale(policy, missed))
    return on_wanted(state, policy, timestamp, symbol, missed)


def on_wanted(state: GuardState, policy: GuardPolicy, timestamp: int, symbol: str, missed: int | None) -> Step:
    """``symbol``, which has ``missed`` bars, is to be entered."""
    if policy.max_missed_bars is None or not is_stale(policy, missed):
        return state, ()
    figure = -1.0 if missed is None else float(missed)
    return _trip(state, policy, timestamp, Trip(timestamp, STALE_DATA, figure, float(policy.max_missed_bars), _outage(symbol, missed)))


def _outage(symbol: str, missed: int | None) -> str:
    if missed is None:
        return f"{symbol} has never had a bar"
    return f"{symbol} missed {missed} bars in a row" if missed > 0 else f"{symbol} has a bar from the future"


def on_broker_answer(state: GuardState, policy: GuardPolicy, timestamp: int, failed: bool) -> Step:
    """A submission or a cancel ended; it ``failed`` if it was rejected, if its answer was lost, or with an error of the broker."""
    calls = (*state.failures, int(failed))[-policy.broker_window :]
    # What went well before the first failure that is remembered can be forgotten: it will never count.
    state = replace(state, failures=calls[calls.index(1) :] if 1 in calls else ())
    return _checked(state, policy, timestamp, BROKER_ERRORS, sum(state.failures), policy.max_broker_errors)


def on_halt(state: GuardState, policy: GuardPolicy, timestamp: int, reason: str) -> Step:
    """The operator stops trading."""
    return _trip(state, policy, timestamp, Trip(timestamp, OPERATOR_HALT, 0.0, 0.0, reason))


def on_reduce(state: GuardState, policy: GuardPolicy, timestamp: int, reason: str) -> Step:
    """The operator, or a switch that stands in for one who does not answer, stops entries."""
    return _trip(state, policy, timestamp, Trip(timestamp, OPERATOR_REDUCE, 0.0, 0.0, reason))


def on_resume(state: GuardState, timestamp: int) -> Step:
    """The operator goes on: every breaker is closed, full size, and all counts and references start again from the equity of now."""
    fresh = replace(started(state.session, state.equity), sessions=state.sessions)
    return fresh, (_transition(timestamp, RESUMED, state, fresh, len(state.trips), 0),)


def on_override(state: GuardState, policy: GuardPolicy, timestamp: int, code: str) -> Step:
    """The breaker ``code`` has another limit by the operator, that of ``policy``: it is closed, and trips again where that is reached."""
    released = replace(state, trips=tuple(trip for trip in state.trips if trip.code != code))
    count = len(state.trips) - len(released.trips)
    opened = (_transition(timestamp, OVERRIDDEN, state, released, count, 0),) if count else ()
    state, tripped = on_limit(released, policy, timestamp, code)
    return state, opened + tripped


def on_limit(state: GuardState, policy: GuardPolicy, timestamp: int, code: str) -> Step:
    """The breaker ``code`` has the limit of ``policy`` from now on: what was counted until now is held against it. It never loosens."""
    oldest = state.sessions - policy.violation_memory_sessions
    counted = (
        (DAILY_LOSS, loss_fraction(state.opening, state.equity), policy.max_daily_loss_pct, ""),
        (DRAWDOWN, loss_fraction(state.peak, state.equity), policy.max_drawdown_pct, ""),
        (PROFIT_PROTECTION, _given_back(state, policy), policy.profit_give_back, ""),
        (CONSECUTIVE_LOSSES, float(state.losses), policy.max_consecutive_losses, ""),
        (BROKER_ERRORS, float(sum(state.failures)), policy.max_broker_errors, ""),
        *((EMERGENCY_SHUTDOWN, float(one.seen), policy.max_violations, one.kind.value) for one in state.tallies if one.session >= oldest),
    )
    transitions: tuple[Transition, ...] = ()
    for name, figure, limit, subject in counted:
        if name == code:
            state, tripped = _checked(state, policy, timestamp, name, figure, limit, subject)
            transitions += tripped
    return state, transitions


def _checked(
    state: GuardState, policy: GuardPolicy, timestamp: int, code: str, figure: float, limit: float | None, subject: str = ""
) -> Step:
    if limit is None or figure < limit:
        return state, ()
    return _trip(state, policy, timestamp, Trip(timestamp, code, float(figure), float(limit), subject))


def _trip(state: GuardState, policy: GuardPolicy, timestamp: int, trip: Trip) -> Step:
    """``state`` with ``trip`` latched, unless that breaker is open already; some count as a violation, which may shut down."""
    if any(known.code == trip.code for known in state.trips):
        return state, ()
    tripped = replace(state, trips=(*state.trips, trip))
    transitions = (_transition(timestamp, trip.code, state, tripped, trip.figure, trip.limit),)
    violation = BREAKERS[trip.code].violation
    if violation is None:
        return tripped, transitions
    counted, more = on_violation(tripped, policy, timestamp, violation)
    return counted, transitions + more


def _transition(timestamp: int, code: str, before: GuardState, after: GuardState, figure: float, limit: float) -> Transition:
    return Transition(timestamp, code, before.trading, after.trading, float(figure), float(limit))
