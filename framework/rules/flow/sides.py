"""Who was in a hurry in a trade: the buyer or the seller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.order import OrderSide

if TYPE_CHECKING:
    from framework.domain.flow import BookSnapshot


class SideRule:
    """The side that took what the other offered (Lee and Ready, Inferring Trade Direction from Intraday Data, J. of Finance 46, 1991).

    A trade above the middle of the quote was bought, one below it sold. At the middle, or without a quote, the tick test decides: bought
    above the last different price, sold below it; before there is one the side is not known. Their delay of five seconds between quotes and
    trades belongs to the feeds of 1988 and is left out.
    """

    __slots__ = ("_book", "_direction", "_last")

    def __init__(self) -> None:
        self._book: BookSnapshot | None = None
        self._last = 0.0
        self._direction: OrderSide | None = None

    def quoted(self, book: BookSnapshot) -> None:
        """The book from now on."""
        self._book = book

    def side_of(self, price: float) -> OrderSide | None:
        """The side of the next trade, at ``price`` dollars; ``None`` where nothing tells."""
        if self._last and price != self._last:
            self._direction = OrderSide.BUY if price > self._last else OrderSide.SELL
        self._last = price
        if self._book is not None and price != self._book.middle:
            return OrderSide.BUY if price > self._book.middle else OrderSide.SELL
        return self._direction
