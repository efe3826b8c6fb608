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

    from framework.domain.fill import Fill


class OrderSide(StrEnum):
    """Buy or sell; ``sign`` is +1 or -1, so that one formula serves both."""

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
    """How the price of an order is found. ``stop`` and ``stop_market`` are read as ``stop_loss``."""

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
    """How long an order works (FIX tag 59)."""

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
    """Where an order is in its life; the transitions are in ``rules.lifecycle``."""

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

    ``trail_micros`` is in micro-percent for ``TrailType.PERCENTAGE`` (5 % = 5_000_000) and in micro-dollars for ``AMOUNT``. A
    trailing stop may carry a ``stop_micros``: a level it already reached. ``oco_id`` is the first order of a group of which only one is
    to fill. ``triggered`` is the venue's word that the stop price was reached: what is left is a market or limit order.
    ``extended_hours`` lets it work outside of regular hours too. ``good_from`` (ns UTC) is when the order whose place it takes was made,
    from which its time in force counts.
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
class OrderUpdate:
    """What a broker reports of one order; ``fill`` is set when shares were traded.

    ``restated`` are the terms of an order that goes on working under new ones (FIX ExecType Restated); its status stays what it is.
    ``unsolicited``: the venue ended it without our asking, and what it guarded is still ours to guard.
    """

    order_id: str
    timestamp: int
    status: OrderStatus
    reason: str = ""
    fill: Fill | None = None
    restated: OrderTerms | None = None
    unsolicited: bool = False


@dataclass(frozen=True, slots=True)
class Bracket:
    """An entry with its exits (FIX ContingencyType 2, one triggers the other); they are placed as it fills, and one cancels the other."""

    entry: Order
    take_profit: Decimal | None
    stop_loss: Decimal | None
