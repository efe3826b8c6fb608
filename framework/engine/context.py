"""What a strategy sees and does: the market so far, its account, and orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from framework.domain.book import Position
from framework.domain.order import Bracket, OrderSide, OrderType, TimeInForce, TrailType
from framework.domain.values import from_micros
from framework.engine.protection import ExitPlan
from framework.errors import InvalidOrderError
from framework.rules.orders import positive_micros, strength_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    import numpy as np
    from numpy.typing import NDArray

    from framework.domain.market import BarSeries, Floats
    from framework.domain.order import Order
    from framework.engine.desk import Desk
    from framework.engine.schedule import Schedule
    from framework.engine.targets import Targets
    from framework.rules.orders import Number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Bars:
    """Read-only columns of one symbol up to and including the bar just closed: ``bars.close[-1]`` is that bar."""

    __slots__ = ("_count", "_series")

    def __init__(self, series: BarSeries, count: int) -> None:
        self._series = series
        self._count = count

    def __len__(self) -> int:
        return self._count

    @property
    def open(self) -> Floats:
        """Opening prices, dollars."""
        return self._series.open[: self._count]

    @property
    def high(self) -> Floats:
        """Highest prices, dollars."""
        return self._series.high[: self._count]

    @property
    def low(self) -> Floats:
        """Lowest prices, dollars."""
        return self._series.low[: self._count]

    @property
    def close(self) -> Floats:
        """Closing prices, dollars."""
        return self._series.close[: self._count]

    @property
    def volume(self) -> Floats:
        """Shares traded."""
        return self._series.volume[: self._count]

    @property
    def timestamp(self) -> NDArray[np.datetime64]:
        """Closes of the bars, datetime64[ns], UTC."""
        return self._series.timestamp[: self._count].view("datetime64[ns]")


class Context:
    """Handed to every callback. Decisions taken now act from the next bar on.

    Attributes:
        symbols: The universe, sorted.
        state: A dict for the strategy's own memory (JSON values); it survives a restart.
    """

    def __init__(self, desk: Desk, targets: Targets, schedule: Schedule) -> None:
        self._desk = desk
        self._targets = targets
        self._schedule = schedule
        self.symbols = desk.market.symbols
        self.state: dict[str, object] = {}

    @property
    def now(self) -> datetime:
        """Close of the current bar, UTC."""
        return _EPOCH + timedelta(microseconds=self._desk.market.now // 1000)

    def bars(self, symbol: str) -> Bars:
        """All bars of ``symbol`` seen so far, warm-up included.

        Raises:
            InvalidOrderError: The symbol is not in the universe.
        """
        market = self._desk.market
        row = market.row_of(symbol)
        return Bars(market.series[row], market.cursor[row] + 1)

    def position(self, symbol: str) -> Position:
        """The position in ``symbol`` now; a flat one when nothing is held."""
        self._desk.market.row_of(symbol)
        held = self._desk.book.positions.get(symbol)
        return Position(symbol) if held is None else Position(symbol, held.quantity_micros, held.cost_micros, held.realized_micros)

    @property
    def cash(self) -> Decimal:
        """Cash, dollars."""
        return from_micros(self._desk.book.cash_micros)

    @property
    def equity(self) -> Decimal:
        """Cash plus positions at the last close, dollars."""
        return from_micros(self._desk.valuation.equity())

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Orders that may still fill, oldest first, protective stops included.

        Raises:
            InvalidOrderError: The symbol is not in the universe.
        """
        if symbol is not None:
            self._desk.market.row_of(symbol)
        return self._desk.blotter.of(symbol)

    def target(self, symbol: str, strength: float, stop: Number | None = None, tag: str | None = None) -> None:
        """Ask for a position of ``strength`` in [-1, 1], sized by the configured sizer; 0 closes it.

        All targets of one bar are sized together, strongest first, after the callback returns; the last call for a symbol counts.
        ``stop`` is the price of the protective stop, instead of the configured one.

        Raises:
            InvalidOrderError: Unknown symbol, or a strength that is NaN or outside [-1, 1].
        """
        plan = None if stop is None else self._given_stop(symbol, strength, positive_micros(stop, "stop", symbol))
        self._targets.note(self._desk.market.row_of(symbol), strength_of(strength, symbol), plan, tag)

    def _given_stop(self, symbol: str, strength: float, stop: int) -> ExitPlan:
        price = self._desk.market.price_micros(self._desk.market.row_of(symbol))
        if price and strength * (price - stop) < 0.0:
            side = "below" if strength > 0.0 else "above"
            raise InvalidOrderError(
                f"{symbol}: stop = {from_micros(stop)} must be {side} the price of {from_micros(price)} for strength {strength:g}"
            )
        return ExitPlan(stop_micros=stop)

    def buy(
        self,
        symbol: str,
        quantity: Number,
        order_type: str = OrderType.MARKET,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        trail_amount: Number | None = None,
        trail_type: str = TrailType.PERCENTAGE,
        time_in_force: str = TimeInForce.GTC,
        tag: str | None = None,
    ) -> Order:
        """Buy ``quantity`` shares. The order returned shows its own progress; a refused one has status DENIED and its reason.

        Raises:
            InvalidOrderError: The order could never be valid.
        """
        return self._desk.order(
            symbol,
            OrderSide.BUY,
            quantity,
            order_type=order_type,
            limit_price=limit_price,
            stop_price=stop_price,
            trail_amount=trail_amount,
            trail_type=trail_type,
            time_in_force=time_in_force,
            tag=tag,
        )

    def sell(
        self,
        symbol: str,
        quantity: Number,
        order_type: str = OrderType.MARKET,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        trail_amount: Number | None = None,
        trail_type: str = TrailType.PERCENTAGE,
        time_in_force: str = TimeInForce.GTC,
        tag: str | None = None,
    ) -> Order:
        """Sell ``quantity`` shares; as ``buy``. Selling more than is held opens a short where the venue has it."""
        return self._desk.order(
            symbol,
            OrderSide.SELL,
            quantity,
            order_type=order_type,
            limit_price=limit_price,
            stop_price=stop_price,
            trail_amount=trail_amount,
            trail_type=trail_type,
            time_in_force=time_in_force,
            tag=tag,
        )

    def bracket(
        self, symbol: str, quantity: Number, *, take_profit: Number, stop_loss: Number, limit_price: Number | None = None
    ) -> Bracket:
        """Buy with both exits decided now: a limit at ``take_profit`` and a stop at ``stop_loss``.

        They are live from the entry's fill, and one cancels the other.

        Raises:
            InvalidOrderError: The order could never be valid, or ``stop_loss`` is not below ``take_profit``.
        """
        return self._desk.bracket(symbol, quantity, take_profit, stop_loss, limit_price)

    def close(self, symbol: str) -> Order | None:
        """Cancel what works in ``symbol`` and leave its position at market; ``None`` when flat."""
        return self._desk.close(symbol, "close")

    def cancel(self, order: Order) -> bool:
        """Cancel an open order; ``False`` when it had already ended."""
        return self._desk.cancel(order.order_id, "strategy")

    def cancel_all(self, symbol: str | None = None) -> int:
        """Cancel all open orders but protective ones; returns how many."""
        orders = [order for order in self.open_orders(symbol) if not order.role.protects]
        return sum(self._desk.cancel(order.order_id, "strategy") for order in orders)

    def schedule(self, when: str, callback: Callable[[Context], None]) -> None:
        """Call ``callback(ctx)`` in every session at ``market_open`` or ``market_close``, with an offset such as ``-15m`` or ``+1h``.

        It runs at the first bar close at or after that time, before ``on_bar``.

        Raises:
            ConfigError: The time cannot be read, or the bars are too coarse to see it.
        """
        self._schedule.add(when, callback)
