"""What the parts of the simulated venue need of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.account_event import Split
    from framework.domain.fill import Fill
    from framework.domain.order import Order, OrderStatus, OrderTerms


class Tell(Protocol):
    """How it is said what became of an order."""

    def __call__(
        self, order: Order, status: OrderStatus, reason: str = "", fill: Fill | None = None, restated: OrderTerms | None = None
    ) -> None:
        """Report that ``order`` is now ``status``."""


class Matching(Protocol):
    """Who finds out which working orders trade.

    Attributes:
        idle_bars: Bars on which an order worked but nothing could trade (no volume), by symbol.
        coarse_bars: Bars on which an order worked and that had no finer bars to walk, where there are any, by symbol.
    """

    idle_bars: dict[str, int]
    coarse_bars: dict[str, int]

    @property
    def is_idle(self) -> bool:
        """Whether no order works."""

    def price_now(self, row: int) -> int:
        """The last price of ``row`` that can be known, micro-dollars; it has one."""

    def accept(self, order: Order) -> None:
        """Let ``order`` work."""

    def level(self, order_id: str, otherwise: int | None) -> int | None:
        """The stop level order ``order_id`` has reached inside the bar that is being traded; ``otherwise`` when none is."""

    def open_orders(self, row: int) -> list[Order]:
        """Working orders of ``row``, oldest first."""

    def restate(self, order: Order, terms: OrderTerms, split: Split) -> None:
        """Let a working order go on under ``terms`` after ``split``."""

    def cancel(self, order: Order, reason: str) -> None:
        """End an order, if it still works."""

    def begin(self, rows: Sequence[int]) -> None:
        """Bars of ``rows`` have closed; none of them has been traded on yet."""

    def expire(self, before: int) -> None:
        """End the orders whose time was over before ``before``."""

    def trade(self, row: int) -> None:
        """Trade on the bar of ``row`` that has just closed."""
