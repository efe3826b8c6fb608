"""An order as the venue keeps it, and what is planned for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from framework.domain.values import notional

if TYPE_CHECKING:
    from brokers.robinhood.testing.forms import OrderForm

UNCONFIRMED, QUEUED, CONFIRMED, PARTIAL = "unconfirmed", "queued", "confirmed", "partially_filled"
FILLED, CANCELLED, REJECTED, PENDING = "filled", "cancelled", "rejected", "pending_cancelled"
PARTLY_CANCELLED = "partially_filled_rest_cancelled"
TERMINAL = frozenset({FILLED, CANCELLED, PARTLY_CANCELLED, REJECTED, "failed", "voided", "locate_failed"})
WORKING = frozenset({CONFIRMED, PARTIAL, PENDING})


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to an order, where the market alone is not to decide.

    Attributes:
        confirm_after: Seconds from its acceptance to ``confirmed``.
        fills: (seconds after that, shares) of each execution, at the price of the market then or of the order's limit; instead of what
            the market would give. Shares are a decimal string.
        rests: It is never filled by the market, only by ``fills`` and by hand.
        reject_after: Seconds from its acceptance to ``rejected``.
        reason: Of that.
        cancel_takes: Seconds from a cancel request to its end.
        fill_while_canceling: Shares that still trade after a cancel request, a decimal string.
        lag: Seconds for which its state is still shown as ``unconfirmed`` after it has traded.
        word: State to show in place of the true one, once confirmed.
        hide_executions: Its executions are not shown, only its cumulative quantity.
        nameless: Its executions are shown without an id.
        price: Limit it is accepted with, in place of its own.
    """

    confirm_after: float = 0.1
    fills: tuple[tuple[float, str], ...] | None = None
    rests: bool = False
    reject_after: float | None = None
    reason: str = "Your order was rejected by the market."
    cancel_takes: float = 0.2
    fill_while_canceling: str | None = None
    lag: float = 0.0
    word: str | None = None
    hide_executions: bool = False
    nameless: bool = False
    price: str | None = None

    @classmethod
    def of(cls, **fields: Any) -> Plan:  # noqa: ANN401 - fields of this class, as JSON has them
        """A plan from ``fields`` whose lists come from JSON."""
        fills = fields.pop("fills", None)
        return cls(fills=None if fills is None else tuple((float(after), str(shares)) for after, shares in fills), **fields)


@dataclass(frozen=True, slots=True)
class Execution:
    """One trade: micro-shares at micro-dollars, with the fees of a sale."""

    id: str
    quantity: int
    price: int
    fees: int
    timestamp: int
    settles: int


@dataclass(slots=True)
class Order:
    """The venue's record; amounts in micros, times in ns UTC; ``number`` counts the orders of the venue."""

    id: str
    number: int
    account: str
    form: OrderForm
    quantity: int | None
    price: int | None
    stop: int | None
    state: str
    created: int
    updated: int
    transacted: int
    expires: int
    plan: Plan
    agent: str = "user"
    reject_reason: str | None = None
    triggered: int | None = None
    cancel_asked: int | None = None
    wakes: int = 0
    version: int = 1
    executions: list[Execution] = field(default_factory=list)

    @property
    def filled(self) -> int:
        """Micro-shares traded."""
        return sum(one.quantity for one in self.executions)

    @property
    def value(self) -> int:
        """What they were worth."""
        return sum(notional(one.quantity, one.price) for one in self.executions)

    @property
    def fees(self) -> int:
        """What the regulators took."""
        return sum(one.fees for one in self.executions)

    @property
    def left(self) -> int:
        """Micro-shares still to trade; 0 while a dollar order does not know."""
        return 0 if self.quantity is None else self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.state not in TERMINAL

    def moved(self, state: str, timestamp: int) -> None:
        """Take ``state``."""
        self.state = state
        self.touched(timestamp)

    def touched(self, timestamp: int) -> None:
        """Something about it changed."""
        self.updated = self.transacted = timestamp
        self.version += 1
