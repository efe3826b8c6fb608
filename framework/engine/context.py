"""What a strategy sees and does: the market so far, its account, and orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from framework.domain.book import Position
from framework.domain.order import Bracket, OrderSide, OrderType, TimeInForce, TrailType
from framework.domain.values import floor_to_lot, from_micros, shares_worth
from framework.engine.features import Features
from framework.engine.guarded import ExitPlan
from framework.errors import InvalidOrderError
from framework.rules.orders import (
    optional_micros,
    positive_micros,
    shares_asked,
    side_of,
    strength_of,
    tag_of,
    type_of,
    weight_of,
    worth_asked,
)

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
    from framework.rules.orders import Number, Worth

    #: What is said of an order beside side, symbol and size, as ``buy`` takes it: a tuple, which costs least to make and to compare.
    Said = tuple[str, Number | None, Number | None, Number | None, str, str, str | None, Order | None, bool]

#: Reason and tag of an order that closes a position at the strategy's word.
CLOSE = "close"
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
        self._features = Features(desk.market)
        self.symbols = desk.market.symbols
        self.state: dict[str, object] = {}

    @property
    def now(self) -> datetime:
        """Close of the current bar, UTC."""
        return _EPOCH + timedelta(microseconds=self._desk.market.now // 1000)

    def bars(self, symbol: str) -> Bars:
        """All bars of ``symbol`` seen so far, warm-up included, in the shares of today: a split puts the past into new ones.

        Raises:
            InvalidOrderError: The symbol is not in the universe.
        """
        market = self._desk.market
        row = market.row[symbol] if symbol in market.row else market.row_of(symbol)
        return Bars(market.series[row], market.cursor[row] + 1)

    def feature(self, symbol: str, name: str) -> float:
        """A registered risk feature of ``symbol`` as of its last complete session: VaR or CVaR, a positive fraction of its value.

        Names are ``var_95_1d``, ``cvar_95_1d`` and their kin at 99 % (``var_99_1d``) and over ten days (``var_95_10d``): historical
        simulation on the last 252 daily total returns, NaN before there are so many. ``bars.feature(name)`` of a vectorised strategy has
        the same value, bit for bit, at the row of the symbol's last bar.

        Raises:
            InvalidOrderError: The symbol is not in the universe.
            ConfigError: There is no such feature; the message names those there are.
        """
        return self._features.now(self._desk.market.row_of(symbol), name)

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
        """Cash, dividends that are still to be paid, and positions at the last close, dollars."""
        return from_micros(self._desk.valuation.equity())

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Orders that may still fill, oldest first, protective stops included.

        Raises:
            InvalidOrderError: The symbol is not in the universe.
        """
        if symbol is not None:
            self._desk.market.row_of(symbol)
        return self._desk.blotter.of(symbol)

    def shares_for(self, symbol: str, dollars: Number) -> Decimal:
        """How many shares ``dollars`` buy at the last close: on the venue's lot, rounded down; 0 before the first bar.

        For an order it is enough to say ``ctx.buy("AAPL", notional=500)``.

        Raises:
            InvalidOrderError: Unknown symbol, or dollars that are no positive number.
        """
        price = self._desk.market.price_micros(self._desk.market.row_of(symbol))
        lot = self._desk.broker.capabilities.lot_micros
        worth = positive_micros(dollars, "dollars", symbol)
        return from_micros(floor_to_lot(shares_worth(worth, price), lot) if price else 0)

    def target(self, symbol: str, strength: float, stop: Number | None = None, tag: str | None = None) -> None:
        """Ask for a position of ``strength`` in [-1, 1], sized by the configured sizer; 0 closes it.

        All targets of one bar are sized together, strongest first, after the callback returns; the last call for a symbol counts.

        Args:
            symbol: One of the universe.
            strength: 1 is a full position, -1 a full short one where the venue has them.
            stop: Price of the protective stop, dollars, instead of the configured one.
            tag: A word of your own for the order, the fills and the trade.

        Raises:
            InvalidOrderError: Unknown symbol, a strength that is NaN or outside [-1, 1], or a stop on the wrong side of the price.
        """
        plan = None if stop is None else self._given_stop(symbol, strength, positive_micros(stop, "stop", symbol))
        self._targets.note(self._desk.market.row_of(symbol), strength_of(strength, symbol), plan, tag_of(tag))

    def rebalance(self, weights: Mapping[str, float], tag: str | None = None) -> None:
        """Ask for a whole portfolio: ``{"AAPL": 0.3, "IBM": 0.2}`` is three and two tenths of equity and nothing else; below 0 is short.

        What is nearer to its weight than ``[rebalance] band`` is left alone, exits excepted. What leaves is sent now, what is bought once
        that has traded, at the decision after it. Weights take the place of the sizer; limits, stops and breakers hold as for any target.
        A later ``target`` takes its symbol out of the portfolio, a later ``rebalance`` replaces all of it.

        Args:
            weights: Parts of equity by symbol; what is held and not named is sold.
            tag: A word of your own for the orders.

        Raises:
            InvalidOrderError: A symbol is not in the universe, or its weight is no number.
        """
        if not isinstance(weights, Mapping):
            raise InvalidOrderError(f"rebalance({weights!r}): write the weights by symbol, for example {{'AAPL': 0.3}}")
        for symbol in weights:
            self._desk.market.row_of(symbol)
        self._targets.rebalance({symbol: weight_of(weight, symbol) for symbol, weight in weights.items()}, tag_of(tag))

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
        quantity: Number | None = None,
        order_type: str = OrderType.MARKET,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        trail_amount: Number | None = None,
        trail_type: str = TrailType.PERCENTAGE,
        time_in_force: str = TimeInForce.GTC,
        tag: str | None = None,
        oco: Order | None = None,
        *,
        notional: Number | None = None,
        extended_hours: bool = False,
    ) -> Order:
        """Buy ``quantity`` shares, or for ``notional`` dollars. The order shows its own progress; a refused one is DENIED, with its reason.

        Dollars become shares where they are decided on: at the limit of the order, else at its stop, else at the last close, on the venue's
        lot, rounded down. An order at market costs more or less where the price moves before it fills; a limit order never costs more.

        Args:
            symbol: One of the universe.
            quantity: Shares, above 0.
            order_type: ``market``, ``limit``, ``stop_loss``, ``stop_limit`` or ``trailing_stop``.
            limit_price: Worst price, dollars; for ``limit`` and ``stop_limit``.
            stop_price: Price that triggers it, dollars; for ``stop_loss`` and ``stop_limit``.
            trail_amount: Distance of a ``trailing_stop``.
            trail_type: Its unit: ``percentage`` (5 means 5 %) or ``amount`` (dollars a share).
            time_in_force: ``day``, ``gtc``, ``ioc`` (what trades at once), ``fok`` (all or nothing), ``opg`` (at the opening), ``cls``.
            tag: A word of your own for the order, its fills and the trade.
            oco: An earlier order: only one of the two is to fill, and what one fills is taken from the other.
            notional: Dollars, above 0, in place of ``quantity``.
            extended_hours: Work before the open and after the close too, as far as the venue allows.

        Raises:
            InvalidOrderError: The order could never be valid.
        """
        said = (order_type, limit_price, stop_price, trail_amount, trail_type, time_in_force, tag, oco, extended_hours)
        return self._order(OrderSide.BUY, symbol, quantity, notional, said)

    def sell(
        self,
        symbol: str,
        quantity: Number | None = None,
        order_type: str = OrderType.MARKET,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        trail_amount: Number | None = None,
        trail_type: str = TrailType.PERCENTAGE,
        time_in_force: str = TimeInForce.GTC,
        tag: str | None = None,
        oco: Order | None = None,
        *,
        notional: Number | None = None,
        extended_hours: bool = False,
    ) -> Order:
        """Sell ``quantity`` shares, or for ``notional`` dollars, with the arguments of ``buy``.

        Selling more than is held opens a short where the venue has it.

        Raises:
            InvalidOrderError: The order could never be valid.
        """
        said = (order_type, limit_price, stop_price, trail_amount, trail_type, time_in_force, tag, oco, extended_hours)
        return self._order(OrderSide.SELL, symbol, quantity, notional, said)

    def bracket(
        self,
        symbol: str,
        quantity: Number | None = None,
        *,
        notional: Number | None = None,
        take_profit: Number | None = None,
        stop_loss: Number | None = None,
        limit_price: Number | None = None,
        side: str = OrderSide.BUY,
        time_in_force: str = TimeInForce.GTC,
    ) -> Bracket:
        """Enter with the exits decided now: a limit at ``take_profit``, a stop at ``stop_loss``, or both.

        They are live from the entry's fill, and one cancels the other. Without ``stop_loss`` the entry gets the configured stop.

        Args:
            symbol: One of the universe.
            quantity: Shares, above 0.
            notional: Dollars, above 0, in place of ``quantity``; at ``limit_price``, else at the last close.
            take_profit: Limit price of the one exit, dollars.
            stop_loss: Stop price of the other, dollars.
            limit_price: Worst price of the entry, dollars; at market without one.
            side: Of the entry: ``buy``, or ``sell`` for a short.
            time_in_force: Of the entry; the exits work until one of them fills.

        Raises:
            InvalidOrderError: The order could never be valid, an exit is on the wrong side of the entry, or there is none.
        """
        kind = OrderType.MARKET if limit_price is None else OrderType.LIMIT
        wanted = self._asked_for(symbol, quantity, notional, kind, limit_price, None)
        return self._desk.bracket(symbol, side_of(side), wanted, take_profit, stop_loss, limit_price, time_in_force)

    def _order(self, side: OrderSide, symbol: str, quantity: Number | None, notional: Number | None, said: Said) -> Order:
        """What ``buy`` and ``sell`` have in common."""
        kind, limit, stop, trail, unit, force, tag, oco, extended = said
        return self._desk.order(
            symbol,
            side,
            self._asked_for(symbol, quantity, notional, kind, limit, stop),
            tag_of(tag),
            oco=oco,
            order_type=kind,
            limit_price=limit,
            stop_price=stop,
            trail_amount=trail,
            trail_type=unit,
            time_in_force=force,
            extended_hours=extended,
        )

    def _asked_for(
        self, symbol: str, quantity: Number | None, dollars: Number | None, kind: str, limit: Number | None, stop: Number | None
    ) -> Number | Worth:
        """Shares as they were given, or what the dollars are worth at the price that the order names, else at the last close."""
        if dollars is None:
            return shares_asked(symbol, quantity)
        market = self._desk.market
        named = optional_micros(limit, "limit_price", symbol) or optional_micros(stop, "stop_price", symbol)
        price = named or market.price_micros(market.row_of(symbol))
        return worth_asked(symbol, quantity, dollars, price, self._desk.broker.capabilities.lot_of(type_of(kind)))

    def close(self, symbol: str) -> Order | None:
        """Cancel what works in ``symbol`` and leave its position at market; ``None`` when flat."""
        return self._desk.close(symbol, CLOSE)

    def cancel(self, order: Order) -> bool:
        """Cancel an open order; ``False`` when it had already ended.

        A protective stop may be canceled too. Its position is bare from then on, which is recorded as ``unprotected``.
        """
        return self._desk.give_up(order)

    def cancel_all(self, symbol: str | None = None) -> int:
        """Cancel all open orders (of ``symbol``) but protective ones; returns how many."""
        orders = [order for order in self.open_orders(symbol) if not order.role.protects]
        return sum(self._desk.cancel(order.order_id, "strategy") for order in orders)

    def schedule(self, when: str, callback: Callable[[Context], None]) -> None:
        """Call ``callback(ctx)`` in every session at ``when``: ``market_open`` or ``market_close``, with an offset such as ``-15m``.

        It runs at the first bar close at or after that time, before ``on_bar``.

        Raises:
            ConfigError: The time cannot be read, or the bars are too coarse to see it.
        """
        self._schedule.add(when, callback)
