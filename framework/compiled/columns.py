"""What the loop reads and writes: columns by row (a symbol), place (a time of the panel's line) or number (of an order, a fill)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from framework.compiled.terms import Fills, Guards, Limits, Venue
    from framework.domain.market import Floats, Integers


class World(NamedTuple):
    """All the loop knows and writes; int64 and float64 columns but for ``session``, int32; money and shares in micros.

    Attributes:
        cash: Cash at the start.
        symbols: Symbols of the run, N.
        exits, sizing, limits, venue, fills, guards: What the run was told (``terms``); the rules take the first two for their policies.
        session: [T], of each place.
        open, high, low, close, volume: [N, T], NaN where a symbol had no bar.
        sec, taf, taf_most: [T], or [0] where nothing is charged: dollars per billion, micro-dollars a share and at most.
        sector: [N], the number of each symbol's.
        due_place, due_row, due_each: Dividends by place, then by row; micro-dollars a share.
        wish_place, wish_row, strength, measure: [k], wishes by place: orders as they were asked for, then targets by row, and what the
            sizer sizes by.
        ordered: [k], micro-shares of an order (signed), 0 for a target; the strength of one that closes a position is 1.
        risk_first, risk_begin, risk_place, var: VaR of row r lies at ``risk_first[r]:risk_first[r + 1]``, each known from the place on that
            stands as far behind ``risk_begin[r]`` in ``risk_place``.
        counts: How many orders, executions, refusals, events and payments there are.
        orders, executions, refusals, events, payments: What happened, a record a row.
        strengths: Of the orders.
        figures: [refusals, 2], strength and figure.
        curve: [T], equity after each decision.
        slots: [N, fields], what is held and works of each symbol.
        account: Figures of all of it.
        sectors, sized, ranks: Working space.
    """

    cash: int
    symbols: int
    exits: Any
    sizing: Any
    limits: Limits
    venue: Venue
    fills: Fills
    guards: Guards
    session: NDArray[np.int32]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    sec: Integers
    taf: Integers
    taf_most: Integers
    sector: Integers
    due_place: Integers
    due_row: Integers
    due_each: Integers
    wish_place: Integers
    wish_row: Integers
    strength: Floats
    measure: Floats
    ordered: Integers
    risk_first: Integers
    risk_begin: Integers
    risk_place: Integers
    var: Floats
    counts: Integers
    orders: Integers
    strengths: Floats
    executions: Integers
    refusals: Integers
    figures: Floats
    events: Integers
    payments: Integers
    curve: Integers
    slots: Integers
    account: Integers
    sectors: Integers
    sized: Floats
    ranks: Integers


#: Columns in a group, told to the loop as plain tuples: a name costs it more to look at than all of the rest.
Columns = tuple[Any, ...]


class Stop(NamedTuple):
    """``StopState`` as compiled code takes it."""

    direction: int
    entry: int
    initial: int
    level: int
    best: int
    risk: int
    trail: int
    bars: int


#: Fields of a slot. At most one order for a target and one protective stop work for a symbol (-1: none). ``TARGET`` to
#: ``TARGET_EXPIRES`` are that order, its signed quantity, the price at its acceptance and its last session; ``ATR`` belongs to its plan.
#: ``STOP`` to ``STOP_EXPIRES`` are the stop at the venue. ``GUARDED`` to ``BARS`` are the ``StopState`` (direction 0: no stop); ``ENTERED``
#: is the place of its entry, ``PARENT`` and ``MENDED`` the entry's order and what had to be mended. ``TRIP`` is what the open round trip
#: has earned so far, ``IDLE`` bars without volume; ``LINGERS`` says that the venue still has an order that was canceled,
#: ``RISK_AT`` where the risk was found last. A price up to ``CALM`` leaves a trailing stop that stands at ``CALM_AT`` where it is.
#: ``REALIZED`` is what closed shares have earned, fees left out.
(
    HELD,
    COST,
    TARGET,
    TARGET_QUANTITY,
    TARGET_PRICE,
    TARGET_EXPIRES,
    ATR,
    STOP,
    STOP_QUANTITY,
    STOP_LEVEL,
    STOP_EXPIRES,
    GUARDED,
    ENTRY,
    INITIAL,
    LEVEL,
    BEST,
    RISK,
    TRAIL,
    BARS,
    ENTERED,
    PARENT,
    MENDED,
    TRIP,
    IDLE,
    LINGERS,
    RISK_AT,
    CALM,
    CALM_AT,
    REALIZED,
    SLOT,
) = range(30)
#: Figures of the account. ``COUNTED`` to ``VAR`` are what the limits see in one decision, ``G_SESSION`` to
#: ``DRAWDOWN_AT`` the breakers' state (``TRIPS`` is the sum of those that have tripped; equity from ``G_SAFE`` to ``G_DAY_PEAK`` changes
#: nothing of it within the session), ``DUE`` the next dividend, ``WISH`` the next wish.
(
    CASH,
    FEES,
    TRADED,
    SLIPPAGE,
    PLACE,
    MADE,
    LEFT,
    LEFT_ROW,
    COUNTED,
    EQUITY,
    GROSS,
    ENTERING,
    RESERVED,
    POSITIONS,
    IN_BAR,
    TODAY,
    SESSION,
    VAR,
    WORKING,
    G_SESSION,
    G_EQUITY,
    G_OPENING,
    G_DAY_PEAK,
    G_PEAK,
    G_SAFE,
    LOSSES,
    WINS,
    IS_CUT,
    SESSIONS,
    TRIPS,
    DAILY_SEEN,
    DAILY_AT,
    DRAWDOWN_SEEN,
    DRAWDOWN_AT,
    DUE,
    WISH,
    ACCOUNT,
) = range(37)
#: Places in ``Tape.count``.
ORDERS, FILLS, REFUSALS, EVENTS, PAYMENTS = range(5)
#: Fields of an order; ``WHY`` is the sizer's code of a target, ``EXPLICIT`` or ``CLOSED``, or the mended code of a stop; ``O_PARENT`` is -1
#: for a target; ``ID`` counts the orders made at a place; ``REFUSAL`` of a denied one is that of the refusal, else -1.
O_PLACE, O_ROW, O_QUANTITY, O_KIND, WHY, O_STOP, O_PARENT, ID, REFUSAL, ORDER = range(10)
#: Fields of a fill.
F_ORDER, F_PLACE, F_QUANTITY, F_PRICE, F_REFERENCE, F_FEES, FILL = range(7)
#: Fields of a dividend: shares (signed) and micro-dollars of all of them.
P_PLACE, P_ROW, P_QUANTITY, P_AMOUNT, PAYMENT = range(5)
#: Fields of a refusal: a code of ``rules.sizing.numbers``, or ``LIMIT`` and what the books said then.
(
    R_PLACE,
    R_ROW,
    R_CODE,
    R_QUANTITY,
    R_EQUITY,
    R_GROSS,
    R_ENTERING,
    R_RESERVED,
    R_CASH,
    R_POSITIONS,
    R_IN_BAR,
    R_TODAY,
    R_VAR,
    R_SECTOR,
    R_HELD,
    R_PRICE,
    R_RISK,
    R_AT_RISK,
    R_FEES,
    R_APPROVED,
    REFUSED,
) = range(21)
#: ``WHOLE`` is a limit that refuses an order, where it would make a target smaller.
LIMIT, GUARD, WHOLE = 100, 101, 102
#: ``WHY`` of orders that no sizer has made: asked for share for share, or to close what is held.
EXPLICIT, CLOSED = 103, 104
#: Breakers, to be added up; those of ``DAILY`` end with the session.
DAILY_LOSS, DRAWDOWN, CONSECUTIVE_LOSSES, PROFIT_PROTECTION = 1, 2, 4, 8
DAILY = DAILY_LOSS + CONSECUTIVE_LOSSES + PROFIT_PROTECTION
#: Fields of an event, and its kinds; ``E_WHY`` is a place in ``CANCELED_FOR``.
E_KIND, E_PLACE, E_NUMBER, E_WHY, EVENT = range(5)
SENT, DENIED, FILLED, CANCELED, EXPIRED, REFUSES, CUT, RESTORED, ENTITLED, PAID, TRIPS_NOW, RELEASED = range(12)
CANCELED_FOR = ("new target", "resized", "position closed", "level moved")
NEW_TARGET, RESIZED, POSITION_CLOSED, LEVEL_MOVED = range(4)
#: Why the loop was left.
TAPE_FULL, PARTIAL, NO_MONEY, NO_SHORTS, BEYOND_COLLAR, STOP_PASSED, SEVERAL, TOO_LARGE, TRIPPED, CROWDED = range(1, 11)
REASONS = (
    "",
    "the tape was too short",
    "an order filled in part, for want of volume",
    "cash did not suffice at the open",
    "a short sale was refused by the venue",
    "a bar opened beyond the collar of a buy",
    "a stop had been passed when it was to be placed",
    "several stops were placed anew at one time",
    "a figure does not fit the loop's integers",
    "the circuit breakers shut down",
    "a symbol had two orders of the strategy at one time",
)
