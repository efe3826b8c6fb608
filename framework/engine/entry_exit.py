"""Strategies that answer two questions: enter this symbol now, leave this position now?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.engine.strategy import Strategy
from framework.errors import StrategyError

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from framework.domain.book import Position
    from framework.engine.context import Bars, Context


class MarketData:
    """What is known of one symbol at one close.

    Attributes:
        symbol: Whose.
        bars: Its bars so far, ``bars.close[-1]`` is the last.
        now: The close, UTC.
    """

    __slots__ = ("_context", "bars", "now", "symbol")

    def __init__(self, symbol: str, context: Context) -> None:
        self._context = context
        self.symbol = symbol
        self.bars: Bars = context.bars(symbol)
        self.now: datetime = context.now

    def feature(self, name: str) -> float:
        """The risk feature ``name``, as ``ctx.feature`` has it."""
        return self._context.feature(self.symbol, name)

    @property
    def equity(self) -> Decimal:
        """The account's, dollars."""
        return self._context.equity


class EntryExitStrategy(Strategy):
    """Base of strategies that define ``should_enter`` and ``should_exit`` and nothing else of the order path.

    Flat symbols are asked ``should_enter`` after each of their bars, held ones ``should_exit``. What they answer becomes a target of
    ``strength`` or of 0, sized by the configured sizer; while an order of a symbol is working it is not asked.
    """

    def should_enter(self, symbol: str, data: MarketData) -> bool:  # noqa: ARG002 - for the subclass
        """Whether to enter ``symbol`` now; ``data`` is what is known of it."""
        raise StrategyError(f"{type(self).__name__} must define should_enter(self, symbol, data)")

    def should_exit(self, symbol: str, position: Position) -> bool:  # noqa: ARG002 - for the subclass
        """Whether to leave ``position`` now; ``self.data(symbol)`` is what is known."""
        raise StrategyError(f"{type(self).__name__} must define should_exit(self, symbol, position)")

    def strength(self, symbol: str, data: MarketData) -> float:  # noqa: ARG002 - for the subclass
        """How much of the sizer's full position an entry into ``symbol`` asks for, in [-1, 1]; ``data`` is what is known of it."""
        return 1.0

    def stop_price(self, symbol: str, data: MarketData) -> float | None:  # noqa: ARG002 - for the subclass
        """Where the stop of an entry into ``symbol`` lies, dollars, from ``data``; ``None`` for the configured one."""
        return None

    def data(self, symbol: str) -> MarketData:
        """What is known of ``symbol`` at this close."""
        return MarketData(symbol, self._context)

    def on_bar(self, ctx: Context) -> None:
        """Ask each symbol that has a new bar."""
        self._context = ctx
        for symbol in ctx.symbols:
            bars = ctx.bars(symbol)
            if len(bars) and bars.timestamp[-1].astype("datetime64[us]").item() == ctx.now.replace(tzinfo=None):
                self._ask(ctx, symbol)

    def _ask(self, ctx: Context, symbol: str) -> None:
        if any(not order.role.protects for order in ctx.open_orders(symbol)):
            return
        position = ctx.position(symbol)
        if position.quantity_micros:
            if self.should_exit(symbol, position):
                ctx.target(symbol, 0.0, tag="exit")
            return
        data = self.data(symbol)
        if self.should_enter(symbol, data):
            ctx.target(symbol, self.strength(symbol, data), self.stop_price(symbol, data), tag="entry")
