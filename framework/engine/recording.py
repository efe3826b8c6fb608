"""A context that writes down what a strategy asks for, as long as nobody needs to know what became of it.

A strategy that looks at bars alone decides the same whatever happens to its orders: all of its decisions can be taken first, and played
afterwards in one go. The first look at the account ends that: everything is played up to this moment, and goes on bar by bar.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Protocol

from framework.domain.book import Position
from framework.domain.order import OrderRole, OrderSide, OrderType, TimeInForce, TrailType
from framework.domain.values import MICRO, SYMBOL_PATTERN, from_micros
from framework.engine.context import CLOSE, Context
from framework.engine.promised import become, promising
from framework.rules.orders import LARGEST, new_order, positive_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from framework.domain.order import Bracket, Order
    from framework.engine.context import Said
    from framework.engine.desk import Desk
    from framework.engine.schedule import Schedule
    from framework.engine.targets import Targets
    from framework.rules.orders import Number


class Books(Protocol):
    """Who can say what the account looks like at the decision that is being taken, without anybody playing bar by bar; micros.

    ``None`` where that cannot be said.
    """

    @property
    def is_settled(self) -> bool:
        """Whether no position changes before the strategy asks for something."""

    def position(self, row: int) -> tuple[int, int, int] | None:
        """What is held of the symbol, signed, what it cost, and what closed shares have earned."""

    def cash(self) -> int | None:
        """Cash."""

    def equity(self) -> int | None:
        """Cash and positions at the last closes."""

    def is_idle(self, row: int) -> bool:
        """Whether no order of the strategy works in the symbol, as far as is known: not after a wish in this decision."""


class Wishes:
    """What was asked for, in the order it was: columns of as many entries.

    Attributes:
        time: Of the decision, ns UTC.
        row: Of the symbol.
        ordered: Micro-shares of an order at market, signed; 0 for a target.
        strength: Of a target; 1 of an order that closes a position.
    """

    def __init__(self) -> None:
        self.time = array("q")
        self.row = array("q")
        self.ordered = array("q")
        self.strength = array("d")

    def __len__(self) -> int:
        return len(self.time)


class Recording(Context):
    """``Context`` for a strategy of which only ``on_bar`` and scheduled callbacks decide.

    Attributes:
        wishes: What it has asked for.
        is_recording: Whether nobody has looked yet.
        looked_at: At what somebody looked.
    """

    def __init__(self, desk: Desk, targets: Targets, schedule: Schedule, strategy: str) -> None:
        super().__init__(desk, targets, schedule)
        self._market = desk.market
        self._name = strategy
        self._lot = desk.broker.capabilities.lot_micros
        self._rows = desk.market.row
        self._orderable = {symbol: row for symbol, row in desk.market.row.items() if SYMBOL_PATTERN.match(symbol)}
        self._promise = promising(lambda: self.look("what became of an order"))
        self._promised: list[Order] = []
        self._repeated = self._kept = 0
        #: Whether decisions are being taken that can be written down: not before the first bar, not when all is over, not after a look.
        self._writes = False
        self._catch_up: Callable[[], None] = _nothing
        self._open: Callable[[], Books | None] | None = None
        self._books: Books | None = None
        #: Positions that stay what they are until something is asked for.
        self._known: dict[str, tuple[int, int, int]] = {}
        self.wishes = Wishes()
        self.is_recording = True
        self.looked_at = ""

    # --- told by whoever plays

    def on_look(self, catch_up: Callable[[], None]) -> None:
        """Call ``catch_up`` at the first look: it has to play all that was asked for."""
        self._catch_up = catch_up

    def write_down(self, open_books: Callable[[], Books | None]) -> None:
        """Write down from now on; ask the books that ``open_books`` gives about the account, and look only where they cannot say."""
        self._open = open_books
        self._writes = True

    def rest(self, catch_up: Callable[[], None]) -> None:
        """The last decision has been taken: whatever is asked for now is a look, for which ``catch_up`` has to play everything."""
        self._writes = False
        self._catch_up = catch_up

    def _asked(self) -> Books | None:
        """The books, if nobody had to look yet; opened at the first question."""
        if not self.is_recording:
            return None
        if self._open is not None:
            opened, self._open = self._open, None
            self._books = opened()
        return self._books

    def look(self, what: str) -> None:
        """Somebody wants to know ``what`` became of the decisions so far."""
        if self.is_recording:
            self.is_recording, self.looked_at = False, what
            self._writes = False
            self._known.clear()
            self._catch_up()

    def end(self, orders: Callable[[], Iterable[Order]]) -> None:
        """All was played elsewhere, and left these explicit ``orders``."""
        self.is_recording = True
        self._catch_up = lambda: self._become(orders())

    def _become(self, orders: Iterable[Order]) -> None:
        for promised, order in zip(self._promised, orders, strict=True):
            become(promised, order)

    def repeat(self, time: int) -> None:
        """Ask the desk for what was asked for at ``time``; times come in their order."""
        wishes, symbols, index = self.wishes, self.symbols, self._repeated
        while index < len(wishes) and wishes.time[index] == time:
            row, ordered = wishes.row[index], wishes.ordered[index]
            if ordered:
                self._submit(symbols[row], row, ordered, closes=wishes.strength[index] != 0.0)
            else:
                self._targets.note(row, wishes.strength[index], None, None)
            index += 1
        self._repeated = index

    def _submit(self, symbol: str, row: int, signed: int, *, closes: bool) -> None:
        desk, side = self._desk, OrderSide.BUY if signed > 0 else OrderSide.SELL
        quantity, tag = from_micros(abs(signed)), CLOSE if closes else None
        order = new_order(desk.next_id(symbol, side), self._market.now, symbol, side, quantity, self._name, tag)
        order.reason = tag or order.reason
        promised = become(self._promised[self._kept], order)
        self._kept += 1
        desk.submit(promised, desk.plan_for(row, side, OrderRole.EXPLICIT))

    # --- asked by the strategy

    def target(self, symbol: str, strength: float, stop: Number | None = None, tag: str | None = None) -> None:
        """See ``Context.target``."""
        is_plain = self._writes and stop is tag is None and _is_strength(strength)
        row = self._rows.get(symbol, -1) if is_plain else -1
        if row < 0 or self._market.cursor[row] < 0:
            self.look("a target with a stop or a tag of its own, or one that cannot be")
            super().target(symbol, strength, stop, tag)
            return
        self._write(row, 0, strength + 0.0)

    def _order(self, side: OrderSide, symbol: str, quantity: Number | None, notional: Number | None, said: Said) -> Order:
        """See ``Context.buy``."""
        row = self._orderable.get(symbol, -1) if self._writes and notional is None and said == _PLAIN else -1
        if row >= 0 and self._market.cursor[row] >= 0:
            micros = quantity * MICRO if type(quantity) is int and 0 < quantity <= LARGEST else _known(quantity, symbol)
            if micros and micros % self._lot == 0:
                return self._wished(row, micros if side is OrderSide.BUY else -micros, 0.0)
        self.look("an order that is not at market, or one that cannot be")
        return super()._order(side, symbol, quantity, notional, said)

    def _wished(self, row: int, signed: int, strength: float) -> Order:
        self._write(row, signed, strength)
        promised = self._promise()
        self._promised.append(promised)
        return promised

    def _write(self, row: int, ordered: int, strength: float) -> None:
        wishes = self.wishes
        wishes.time.append(self._market.now)
        wishes.row.append(row)
        wishes.ordered.append(ordered)
        wishes.strength.append(strength)
        self._known.clear()

    # --- looks

    def position(self, symbol: str) -> Position:
        """See ``Context.position``."""
        known = self._known.get(symbol)
        if known is not None:
            return Position(symbol, *known)
        books = self._asked()
        if books is not None and symbol in self._rows:
            found = books.position(self._rows[symbol])
            if found is not None:
                if books.is_settled:
                    self._known[symbol] = found
                return Position(symbol, *found)
        self.look("ctx.position")
        return super().position(symbol)

    @property
    def cash(self) -> Decimal:
        """See ``Context.cash``."""
        books = self._asked()
        cash = None if books is None else books.cash()
        if cash is not None:
            return from_micros(cash)
        self.look("ctx.cash")
        return super().cash

    @property
    def equity(self) -> Decimal:
        """See ``Context.equity``."""
        books = self._asked()
        equity = None if books is None else books.equity()
        if equity is not None:
            return from_micros(equity)
        self.look("ctx.equity")
        return super().equity

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """See ``Context.open_orders``."""
        self.look("ctx.open_orders")
        return super().open_orders(symbol)

    def rebalance(self, weights: Mapping[str, float], tag: str | None = None) -> None:
        """See ``Context.rebalance``."""
        self.look("ctx.rebalance")
        super().rebalance(weights, tag)

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
        """See ``Context.bracket``."""
        self.look("ctx.bracket")
        exits = {"take_profit": take_profit, "stop_loss": stop_loss, "limit_price": limit_price}
        return super().bracket(symbol, quantity, notional=notional, **exits, side=side, time_in_force=time_in_force)

    def close(self, symbol: str) -> Order | None:
        """See ``Context.close``."""
        books, row = self._asked() if self._writes else None, self._orderable.get(symbol)
        found = None if books is None or row is None else books.position(row)
        if books is None or row is None or found is None or not books.is_idle(row):
            self.look("ctx.close")
            return super().close(symbol)
        return self._wished(row, -found[0], 1.0) if found[0] else None

    def cancel(self, order: Order) -> bool:
        """See ``Context.cancel``."""
        self.look("ctx.cancel")
        return super().cancel(order)


#: What is said of an order at market.
_PLAIN = (OrderType.MARKET, None, None, None, TrailType.PERCENTAGE, TimeInForce.GTC, None, None, False)


def _is_strength(strength: object) -> bool:
    return isinstance(strength, (int, float)) and -1.0 <= strength <= 1.0


def _known(quantity: Number | None, symbol: str) -> int:
    """``quantity`` in micro-shares, 0 for one that no order can have."""
    try:
        return 0 if quantity is None else positive_micros(quantity, "quantity", symbol)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, whoever makes the order says so
        return 0


def _nothing() -> None:
    """Nothing was played yet."""
