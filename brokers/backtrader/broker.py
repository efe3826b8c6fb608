"""What a backtrader strategy takes for its broker: the account as our books have it, and the way to the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import backtrader as bt

from brokers.backtrader.settings import Settings
from framework.domain.values import MICRO, notional
from framework.errors import InvalidOrderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from brokers.backtrader.trading import Trading
    from framework.engine.desk import Desk


class Counter(NamedTuple):
    """What a broker serves at.

    Attributes:
        desk: The order path, with the books.
        trading: The orders of the strategy.
        symbols: The symbol of each tradable feed, by identity: feeds compare by their last close.
        step: Lets time go on: once a cycle of Cerebro.
    """

    desk: Desk
    trading: Trading
    symbols: Mapping[int, str]
    step: Callable[[], None]


class DeskBroker(Settings):
    """backtrader's broker, over the desk. Money is in dollars, sizes in shares, shorts negative.

    It begins with ``cash`` dollars. A script may hold it before there is a desk: it can be asked for its cash then, and takes no orders.
    ``note`` keeps a line for the run's warnings.
    """

    def __init__(self, cash: float, note: Callable[[str], None]) -> None:
        self._counter: Counter | None = None
        self._note = note
        self._value: float | None = None
        self.p.cash = cash
        super().__init__()

    def serve(self, counter: Counter) -> None:
        """Take orders at ``counter`` from now on."""
        self._counter = counter

    @property
    def _at(self) -> Counter:
        if self._counter is None:
            raise InvalidOrderError("the broker takes orders once cerebro.run() has begun")
        return self._counter

    def init(self) -> None:
        """Set up what backtrader's base class keeps."""
        super().init()
        self.startingcash = self.p.cash

    # --- time

    def next(self) -> None:
        """Let the venue trade on the bars that have closed, and the engine look at the account."""
        self._value = None
        self._at.step()

    def get_notification(self) -> Any:
        """The next order that has changed, ``None`` when all have been told."""
        notices = self._at.trading.notices
        return notices.popleft() if notices else None

    # --- the account

    def get_cash(self) -> float:
        """Cash, dollars."""
        return float(self.p.cash) if self._counter is None else self._at.desk.book.cash_micros / MICRO

    getcash = get_cash

    def get_value(self, datas: Iterable[Any] | None = None, mkt: bool = False, lever: bool = False) -> float:  # noqa: ARG002, FBT001, FBT002 - backtrader's signature
        """Cash plus positions, or the positions in ``datas`` alone; ``mkt`` leaves cash out."""
        if datas is not None:
            return sum(self._worth(data) for data in datas)
        if self._value is None:
            self._value = self.get_cash() if self._counter is None else self._at.desk.valuation.equity() / MICRO
        return self._value - self.get_cash() if mkt else self._value

    getvalue = get_value

    def get_value_lever(self, datas: Iterable[Any] | None = None, mkt: bool = False) -> float:  # noqa: FBT001, FBT002 - backtrader's signature
        """As ``get_value``: there is no leverage."""
        return self.get_value(datas, mkt)

    def get_leverage(self) -> float:
        """1 with a position, 0 without: nothing is borrowed on it."""
        return 1.0 if self._at.desk.valuation.positions() else 0.0

    def _worth(self, data: Any) -> float:
        symbol, desk = self._at.symbols.get(id(data)), self._at.desk
        if symbol is None:
            return 0.0
        held = desk.book.quantity(symbol)
        return notional(held, desk.market.price_micros(desk.market.row[symbol])) / MICRO if held else 0.0

    def getposition(self, data: Any) -> Any:
        """The live ``bt.Position`` of the symbol of ``data``."""
        return self._at.trading.holdings[data]

    @property
    def positions(self) -> Mapping[Any, Any]:
        """Positions by feed; one that was never asked for is flat."""
        return self._at.trading.holdings

    # --- the same per fund share

    def get_fundshares(self) -> float:
        """Shares of the account taken as a fund; nothing is paid in or out, so that they stay."""
        return float(self.p.cash / self.p.fundstartval)

    fundshares = property(get_fundshares)

    def get_fundvalue(self) -> float:
        """Value of a fund share, dollars."""
        return self.get_value() / self.get_fundshares()

    fundvalue = property(get_fundvalue)

    # --- orders

    def buy(self, owner: Any, data: Any, size: float, **terms: Any) -> Any:
        """Make and send a buy; the order returned shows its own progress."""
        return self._order(bt.BuyOrder, owner, data, size, **terms)

    def sell(self, owner: Any, data: Any, size: float, **terms: Any) -> Any:
        """Make and send a sell; as ``buy``."""
        return self._order(bt.SellOrder, owner, data, size, **terms)

    def _order(
        self,
        kind: Callable[..., Any],
        owner: Any,
        data: Any,
        size: float,
        price: float | None = None,
        plimit: float | None = None,
        exectype: int | None = None,
        valid: Any = None,
        tradeid: int = 0,
        oco: Any = None,
        trailamount: float | None = None,
        trailpercent: float | None = None,
        parent: Any = None,
        transmit: bool = True,  # noqa: FBT001, FBT002 - backtrader's signature
        histnotify: bool = False,  # noqa: FBT001, FBT002 - backtrader's signature
        **info: Any,
    ) -> Any:
        symbol = self._at.symbols.get(id(data))
        if symbol is None:
            raise InvalidOrderError(f"data {data._name!r} is no symbol of [universe] symbols; it can be looked at, not traded")  # noqa: SLF001 - backtrader's own name for it
        order = kind(
            owner=owner,
            data=data,
            size=size,
            price=price,
            pricelimit=plimit,
            exectype=exectype,
            valid=valid,
            tradeid=tradeid,
            trailamount=trailamount,
            trailpercent=trailpercent,
            parent=parent,
            transmit=transmit,
            histnotify=histnotify,
        )
        order.addinfo(**info)
        self._at.trading.take(order, symbol, valid, oco)
        return order

    def cancel(self, order: Any) -> bool:
        """Cancel an order and what is linked with it, at once; ``False`` when it had ended, or where nothing is decided just now."""
        trading = self._at.trading
        if trading.refuses:
            self._note(f"a cancel was not taken ({trading.refuses}), the order goes on working: cancel in next or notify_order")
        return trading.cancel_by_strategy(order)

    def get_orders_open(self, safe: bool = False) -> list[Any]:  # noqa: FBT001, FBT002 - backtrader's signature
        """Orders that may still fill; ``safe`` gives copies."""
        orders = self._at.trading.open_orders()
        return [order.clone() for order in orders] if safe else orders

    def orderstatus(self, order: Any) -> int:
        """Status of ``order`` now."""
        return self._at.trading.orderstatus(order)
