"""Orders: what can be asked of a broker, and the states an order lives through."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.values import from_micros, rounded_quotient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal


class OrderSide(StrEnum):
    """``buy`` or ``sell``; ``sign`` is +1 or -1, so that one formula serves both."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is OrderSide.BUY else -1

    @property
    def opposite(self) -> OrderSide:
        """The side that undoes this one."""
        return OrderSide.SELL if self is OrderSide.BUY else OrderSide.BUY


class OrderType(StrEnum):
    """How the price of an order is found. ``stop`` and ``stop_market`` are read as ``stop_loss``.

    ``market``: the next price. ``limit``: ``limit_price`` or better. ``stop_loss``: a market order from ``stop_price`` on. ``stop_limit``:
    a limit order from ``stop_price`` on. ``trailing_stop``: a stop that follows the best price since it was accepted.
    """

    MARKET = "market"
    LIMIT = "limit"
    STOP_LOSS = "stop_loss"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"

    @classmethod
    def _missing_(cls, value: object) -> OrderType | None:
        return cls.STOP_LOSS if value in ("stop", "stop_market") else None


class TrailType(StrEnum):
    """Unit of a trailing stop's distance: ``percentage`` (5 means 5 %) or ``amount`` (dollars a share)."""

    PERCENTAGE = "percentage"
    AMOUNT = "amount"


class TimeInForce(StrEnum):
    """How long an order works (FIX tag 59).

    ``day``: to the end of the session. ``gtc``: until it is canceled. ``ioc``: what trades at once. ``fok``: all of it at once, or nothing.
    ``opg``: at the opening. ``cls``: at the close.
    """

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"  # what trades at once; the rest is canceled
    FOK = "fok"  # all of it at once, or nothing
    OPG = "opg"  # at the opening of a session
    CLS = "cls"  # at the close of a session

    @property
    def is_momentary(self) -> bool:
        """Whether the order trades at one moment only: now, at the opening or at the close."""
        return self not in {TimeInForce.DAY, TimeInForce.GTC}


class OrderStatus(StrEnum):
    """Where an order is in its life; the transitions are in ``rules.lifecycle``.

    ``initialized``: decided. ``denied``: we said no; the venue never saw it. ``emulated``: held by us until its price is reached.
    ``submitted``: written down and sent. ``accepted``: the venue has it. ``rejected``: the venue said no. ``partially_filled``, ``filled``.
    ``pending_cancel``: we asked to cancel it. ``canceled``, ``expired``. ``unknown``: sent, the answer was lost; it is settled by asking.
    """

    INITIALIZED = "initialized"
    DENIED = "denied"  # we said no; the venue never saw it
    EMULATED = "emulated"  # held by us until its price is reached; the venue does not have it
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # the venue said no
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # sent, answer lost; settled by asking, never by sending again

    @property
    def is_failure(self) -> bool:
        """Whether a broker that answers so counts as failing."""
        return self in {OrderStatus.REJECTED, OrderStatus.UNKNOWN}

    @property
    def is_unsettled(self) -> bool:
        """Whether an answer of the broker is awaited, and a cancel has to wait for it."""
        return self in {OrderStatus.UNKNOWN, OrderStatus.PENDING_CANCEL}


class OrderRole(StrEnum):
    """Why an order exists: to change exposure, or to protect a position."""

    TARGET = "target"  # sized from a target of the strategy
    EXPLICIT = "explicit"  # asked for by the strategy, share for share
    STOP = "stop"  # protects a position
    TAKE_PROFIT = "take_profit"  # the other leg of a bracket
    FLATTEN = "flatten"  # the operator leaves a position

    @property
    def protects(self) -> bool:
        """Whether the order belongs to a position and follows its size."""
        return self in {OrderRole.STOP, OrderRole.TAKE_PROFIT}


class OrderTerms(NamedTuple):
    """What a venue restates in a working order: micro-shares asked for and filled, and its prices; ``trail_micros`` as in ``Order``."""

    quantity_micros: int
    filled_micros: int
    limit_micros: int | None
    stop_micros: int | None
    trail_micros: int | None


class StateChange(NamedTuple):
    """One step of an order's life: when (ns UTC), into which status, and why; with the terms that hold from then on, if they changed."""

    timestamp: int
    status: OrderStatus
    reason: str
    restated: OrderTerms | None = None


@dataclass(slots=True, eq=False)
class Order:
    """One order and its life so far.

    What was asked for changes only where the venue restates it (a split, its collar); ``asked`` then keeps the terms before the first
    time. Terms, ``status``, ``filled_micros``, ``filled_value_micros``, ``fees_micros`` and ``changes`` are written by ``rules.lifecycle``
    alone. Integers ending in ``_micros`` are exact (1 = 1e-6 dollars or shares); the properties without the ending give the same as
    ``Decimal``.

    Attributes:
        order_id: Ours, made of strategy, symbol, moment, side and a counter; the same in every mode.
        symbol: What is traded.
        side: Buy or sell.
        quantity_micros: Micro-shares asked for, above 0.
        order_type: How its price is found.
        created_at: When it was decided, ns UTC.
        limit_micros: Worst price accepted, micro-dollars.
        stop_micros: Price that triggers it, micro-dollars; of a trailing stop the level it has reached already.
        trail_micros: Distance of a trailing stop: micro-percent (5 % = 5_000_000) or micro-dollars, as ``trail_type`` says.
        trail_type: Unit of that distance.
        time_in_force: How long it works.
        extended_hours: Whether it works outside of regular hours too.
        role: Why it exists: a target, an explicit order, a stop, a take-profit, a flatten.
        parent_id: The entry that a stop or take-profit belongs to.
        oco_id: The first order of a group of which only one is to fill.
        strategy: Who decided it.
        tag: The strategy's own word for it.
        reason: Why it was decided.
        status: Where it is in its life.
        filled_micros: Micro-shares filled so far.
        filled_value_micros: What they cost or brought, micro-dollars, fees left out.
        fees_micros: Fees so far, micro-dollars.
        changes: Every state change, oldest first, with time and reason.
        asked: The terms before the venue restated them for the first time.
        triggered: The venue's word that the stop price was reached: what is left is a market or limit order.
        good_from: When the order whose place it takes was made, ns UTC: its time in force counts from there.
    """

    order_id: str
    symbol: str
    side: OrderSide
    quantity_micros: int
    order_type: OrderType
    created_at: int
    limit_micros: int | None = None
    stop_micros: int | None = None
    trail_micros: int | None = None
    trail_type: TrailType = TrailType.PERCENTAGE
    time_in_force: TimeInForce = TimeInForce.GTC
    extended_hours: bool = False
    role: OrderRole = OrderRole.EXPLICIT
    parent_id: str | None = None
    oco_id: str | None = None
    strategy: str = ""
    tag: str | None = None
    reason: str = ""
    status: OrderStatus = OrderStatus.INITIALIZED
    filled_micros: int = 0
    filled_value_micros: int = 0
    fees_micros: int = 0
    changes: list[StateChange] = field(default_factory=list)
    asked: OrderTerms | None = None
    triggered: bool = False
    good_from: int | None = None

    @property
    def quantity(self) -> Decimal:
        """Shares asked for."""
        return from_micros(self.quantity_micros)

    @property
    def filled_quantity(self) -> Decimal:
        """Shares filled so far."""
        return from_micros(self.filled_micros)

    @property
    def leaves_micros(self) -> int:
        """Micro-shares that can still fill."""
        return self.quantity_micros - self.filled_micros if self.is_open else 0

    @property
    def limit_price(self) -> Decimal | None:
        """Worst price accepted, dollars."""
        return None if self.limit_micros is None else from_micros(self.limit_micros)

    @property
    def stop_price(self) -> Decimal | None:
        """Price that triggers the order, dollars."""
        return None if self.stop_micros is None else from_micros(self.stop_micros)

    @property
    def trail_amount(self) -> Decimal | None:
        """Distance of a trailing stop, in percent or dollars as ``trail_type`` says."""
        return None if self.trail_micros is None else from_micros(self.trail_micros)

    @property
    def average_price(self) -> Decimal | None:
        """Mean fill price in dollars, to a micro-dollar; ``None`` before the first fill."""
        if self.filled_micros == 0:
            return None
        return from_micros(rounded_quotient(self.filled_value_micros * 1_000_000, self.filled_micros))

    @property
    def is_open(self) -> bool:
        """Whether it may still fill."""
        return self.status in OPEN_STATUSES

    @property
    def leaves_at_once(self) -> bool:
        """Whether it takes whatever price comes next: what it is about to sell needs no stop any more."""
        return self.order_type is OrderType.MARKET and self.time_in_force not in {TimeInForce.OPG, TimeInForce.CLS}

    @property
    def group_id(self) -> str:
        """The group of which only one order is to fill; an order without partners is its own."""
        return self.oco_id or self.order_id

    @property
    def terms(self) -> OrderTerms:
        """What a split would restate."""
        return OrderTerms(self.quantity_micros, self.filled_micros, self.limit_micros, self.stop_micros, self.trail_micros)

    @property
    def decided(self) -> OrderTerms:
        """The terms it was decided with."""
        return self.asked or self.terms

    def steps(self) -> Iterator[tuple[StateChange, OrderTerms]]:
        """Every state change with the terms that held from it on."""
        terms = self.decided
        for change in self.changes:
            terms = change.restated or terms
            yield change, terms

    def snapshot(self) -> Order:
        """A copy that later events do not change."""
        copy = Order(*_FIELDS(self))
        copy.changes = list(self.changes)
        return copy


_FIELDS = attrgetter(*Order.__slots__)

OPEN_STATUSES = frozenset(
    {
        OrderStatus.INITIALIZED,
        OrderStatus.EMULATED,
        OrderStatus.SUBMITTED,
        OrderStatus.ACCEPTED,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.PENDING_CANCEL,
        OrderStatus.UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True)
class ApprovedOrder:
    """An order the limits rule has approved: the only thing a broker accepts. Only ``rules.limits`` makes one."""

    order: Order


@dataclass(frozen=True, slots=True)
class Bracket:
    """An entry with its exits (FIX ContingencyType 2, one triggers the other); they are placed as it fills, and one cancels the other.

    Attributes:
        entry: The order that opens the position.
        take_profit: Limit price of the one exit, dollars; ``None`` for none.
        stop_loss: Stop price of the other, dollars; ``None`` for the configured stop.
    """

    entry: Order
    take_profit: Decimal | None
    stop_loss: Decimal | None
