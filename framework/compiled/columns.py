"""What the loop reads and writes: columns by row (a symbol), place (a time of the panel's line) or number (of an order, a fill)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from framework.compiled.terms import Terms
    from framework.domain.market import Floats, Integers


class Bars(NamedTuple):
    """The market. ``time`` (ns UTC) and ``session`` int64 [T]; prices and volumes float64 [N, T], NaN where a symbol had no bar.

    What regulators take of a sale, int64 [T] each, or [0] where nothing is charged: ``sec`` (dollars per billion), ``taf`` (micro-dollars a
    share) and ``taf_most``. ``sector`` int64 [N] numbers each symbol's sector.
    """

    time: Integers
    session: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    sec: Integers
    taf: Integers
    taf_most: Integers
    sector: Integers


class Wishes(NamedTuple):
    """Targets in order of place, then of row: int64 [k], and float64 [k]; ``measure`` is what the sizer sizes by, ``var`` of the symbol."""

    place: Integers
    row: Integers
    strength: Floats
    measure: Floats


class Risks(NamedTuple):
    """VaR of each symbol over time: those of row r lie at ``first[r]:first[r + 1]``, each known from ``place`` on."""

    first: Integers
    place: Integers
    var: Floats


class Tape(NamedTuple):
    """Everything the loop writes: a record a row, with the fields below; ``count`` says how many there are of each kind.

    ``strengths`` are those of the orders, ``figures`` [k, 2] strength and figure of the refusals. ``curve`` int64 [3, T]: equity, cash and
    gross exposure after each decision, micro-dollars.
    """

    count: Integers
    orders: Integers
    strengths: Floats
    fills: Integers
    refusals: Integers
    figures: Floats
    events: Integers
    curve: Integers


class Desk(NamedTuple):
    """The books: ``slots`` int64 [N, fields] by symbol, ``account`` int64, micros; ``sectors`` and the others are working space."""

    slots: Integers
    account: Integers
    sectors: Integers
    sized: Floats
    ranks: Integers


class World(NamedTuple):
    """All the loop knows."""

    terms: Terms
    bars: Bars
    wishes: Wishes
    risks: Risks
    tape: Tape
    desk: Desk


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


#: Fields of a slot. At most one order for a target and one protective stop work for a symbol (-1: none). ``TARGET`` to ``TARGET_EXPIRES``
#: are that order, its signed quantity, the price at its acceptance and its last session; ``ATR`` belongs to its plan. ``STOP`` to ``STOP_EXPIRES`` are the
#: stop at the venue. ``GUARDED`` to ``BARS`` are the ``StopState`` (direction 0: no stop), ``ENTERED`` the place of its entry, ``PARENT`` and
#: ``MENDED`` the entry's order and what had to be mended. ``TRIP`` is what the open round trip has earned so far, ``IDLE`` bars without
#: volume; ``LINGERS`` says that the venue still has an order that was canceled.
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
    SLOT,
) = range(26)
#: Figures of the account. ``COUNTED`` to ``VAR`` are what the limits see in one decision, ``G_SESSION`` to ``IS_CUT`` the breakers' state.
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
    LOSSES,
    WINS,
    IS_CUT,
    ACCOUNT,
) = range(28)
#: Places in ``Tape.count``.
ORDERS, FILLS, REFUSALS, EVENTS = range(4)
#: Fields of an order; ``WHY`` is the sizer's code of a target, the mended code of a stop; ``O_PARENT`` is -1 for a target; ``ID`` counts the
#: orders made at a place; ``REFUSAL`` of a denied one is that of the refusal, else -1.
O_PLACE, O_ROW, O_QUANTITY, O_KIND, WHY, O_STOP, O_PARENT, ID, REFUSAL, ORDER = range(10)
#: Fields of a fill.
F_ORDER, F_PLACE, F_QUANTITY, F_PRICE, F_REFERENCE, F_FEES, FILL = range(7)
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
LIMIT = 100
#: Fields of an event, and its kinds; ``E_WHY`` is a place in ``CANCELED_FOR``.
E_KIND, E_PLACE, E_NUMBER, E_WHY, EVENT = range(5)
SENT, DENIED, FILLED, CANCELED, EXPIRED, REFUSES, CUT, RESTORED = range(8)
CANCELED_FOR = ("new target", "resized", "position closed", "level moved")
NEW_TARGET, RESIZED, POSITION_CLOSED, LEVEL_MOVED = range(4)
#: Why the loop was left.
TAPE_FULL, PARTIAL, NO_MONEY, NO_SHORTS, BEYOND_COLLAR, STOP_PASSED, SEVERAL, TOO_LARGE, TRIPPED = range(1, 10)
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
    "a circuit breaker tripped",
)
