"""What a tape amounts to: orders, fills, round trips, positions, equity and lineage, each a fold over its events."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from framework.domain.account_event import CashInLieu, Delisted
from framework.domain.book import Book
from framework.domain.fill import Fill
from framework.domain.order import OrderSide
from framework.domain.values import notional, to_micros
from framework.errors import TapeError
from framework.rules import ledger
from framework.runtime.tape.facts import ACCOUNT_KINDS, ORDER_FIELDS
from framework.runtime.tape.inputs import BARS, read_arrival
from framework.runtime.tape.trips import Trips

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from framework.domain.account_event import AccountEvent
    from framework.runtime.sessions.arrivals import Arrival
    from framework.runtime.tape.chain import TapeEvent

Row = dict[str, Any]

_ORDER = (*ORDER_FIELDS, "created_at", "status", "filled_micros", "value_micros", "fees_micros", "updated_at")
_FILL = tuple("execution_id order_id timestamp symbol side quantity_micros price_micros reference_micros fees_micros".split())
_TRIP = (
    *("symbol", "side", "entry_at", "exit_at", "quantity_micros", "entry_value_micros", "exit_value_micros"),
    *("realized_micros", "fees_micros", "pnl_micros"),
)
_POSITION = tuple("symbol quantity_micros cost_micros price_micros value_micros realized_micros".split())
_EQUITY = tuple("timestamp equity_micros cash_micros receivable_micros positions_micros".split())
_LINEAGE = tuple("order_id sequence timestamp kind key epoch".split())
#: The columns of every view. Timestamps are ns UTC; micros are millionths of a dollar or of a share.
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "orders": _ORDER,
        "fills": _FILL,
        "executed_trades": _TRIP,
        "live_positions": _POSITION,
        "equity": _EQUITY,
        "lineage": _LINEAGE,
    }
)
_TEXT = frozenset("order_id symbol side order_type trail_type time_in_force role parent_id oco_id strategy tag reason status".split()) | {
    "execution_id",
    "kind",
    "key",
}


def is_text(column: str) -> bool:
    """Whether a column of a view holds text; the others hold whole numbers."""
    return column in _TEXT


class Views:
    """All views at once, event by event; ``opening`` is the cash at the start, micro-dollars."""

    def __init__(self, opening: int) -> None:
        self.book = Book(opening)
        self._orders: dict[str, Row] = {}
        self._fills: dict[str, Row] = {}
        self._trips = Trips()
        self._equity: list[Row] = []
        self._lineage: list[Row] = []
        self._refs: dict[str, str] = {}
        self._prices: dict[str, int] = {}
        self._marked: int | None = None
        self._account = {name: kind for kind, name in ACCOUNT_KINDS}

    def on_bars(self, arrival: Arrival) -> None:
        """Value positions at the closes of ``arrival``."""
        self._note()
        self._marked = arrival.timestamp
        for symbol, one in arrival.bars.items():
            self._prices[symbol] = to_micros(one.bar.close)

    def on_event(self, event: TapeEvent) -> None:
        """Take in the next event.

        Raises:
            TapeError: It does not follow from those before: the tape is not whole, or was not written by onetape.
        """
        try:
            self._fold(event)
        except (KeyError, TypeError, ValueError) as error:
            raise TapeError(f"event {event.sequence} ({event.kind}) cannot be folded: {type(error).__name__} {error}") from None

    def _fold(self, event: TapeEvent) -> None:
        self._trace(event)
        if event.kind == BARS:
            self.on_bars(read_arrival(event))
        elif event.kind in self._account:
            self._post(event)
        elif event.kind == "order_decided":
            self._orders[event.payload["order_id"]] = {name: event.payload[name] for name in ORDER_FIELDS} | {
                "extended_hours": int(event.payload["extended_hours"]),
                "created_at": event.timestamp, "status": "initialized", "filled_micros": 0, "value_micros": 0, "fees_micros": 0,
                "updated_at": event.timestamp,
            }  # fmt: skip
        elif event.kind == "order_restated":
            self._orders[event.payload["order_id"]] |= {name: event.payload[name] for name in event.payload if name in ORDER_FIELDS}
        elif event.kind.startswith("order_"):
            self._update(event)

    def _trace(self, event: TapeEvent) -> None:
        """An event names an order by its id, or by the reference it went to the venue under."""
        order_id, ref = event.payload.get("order_id"), event.payload.get("ref")
        if isinstance(order_id, str) and isinstance(ref, str):
            self._refs[ref] = order_id
        order_id = order_id or self._refs.get(str(ref))
        if isinstance(order_id, str):
            self._lineage.append({name: getattr(event, name, order_id) for name in _LINEAGE})

    def _update(self, event: TapeEvent) -> None:
        order = self._orders[event.payload["order_id"]]
        order |= {"status": event.kind.removeprefix("order_"), "updated_at": event.timestamp}
        if event.payload["reason"]:
            order["reason"] = event.payload["reason"]
        execution = event.payload.get("execution_id")
        if execution is None or execution in self._fills:
            return
        self._note_before(event.timestamp)
        known = event.payload | {"timestamp": event.timestamp, "symbol": order["symbol"], "side": order["side"]}
        row = {name: known[name] for name in _FILL}
        self._fills[execution] = row
        fill = Fill(**{**row, "side": OrderSide(row["side"])})
        realized = ledger.post_fill(self.book, fill)
        self._trips.on_fill(fill, self.book.quantity(fill.symbol), realized)
        self._prices.setdefault(fill.symbol, fill.price_micros)
        order["filled_micros"] += fill.quantity_micros
        order["value_micros"] += notional(fill.quantity_micros, fill.price_micros)
        order["fees_micros"] += fill.fees_micros

    def _post(self, event: TapeEvent) -> None:
        self._note_before(event.timestamp)
        happened: AccountEvent = self._account[event.kind](timestamp=event.timestamp, **event.payload)
        realized = ledger.post(self.book, happened)
        if isinstance(happened, CashInLieu | Delisted):
            held = self.book.quantity(happened.symbol)
            self._trips.on_payout(happened.symbol, happened.timestamp, happened.amount_micros, held, realized)

    def _note_before(self, timestamp: int) -> None:
        """The books are about to change: what they were worth at the last bars is final, unless it is of those."""
        if self._marked is not None and timestamp > self._marked:
            self._note()

    def _note(self) -> None:
        if self._marked is not None:
            held = sum(row["value_micros"] for row in self._positions())
            cash, receivable = self.book.cash_micros, self.book.receivable_micros
            self._equity.append(dict(zip(_EQUITY, (self._marked, cash + receivable + held, cash, receivable, held), strict=True)))
            self._marked = None

    def _positions(self) -> Iterator[Row]:
        for symbol, one in sorted(self.book.positions.items()):
            if one.quantity_micros:
                price = self._prices.get(symbol, 0)
                values = (symbol, one.quantity_micros, one.cost_micros, price, notional(one.quantity_micros, price), one.realized_micros)
                yield dict(zip(_POSITION, values, strict=True))

    def rows(self) -> Mapping[str, list[Row]]:
        """Every view's rows, by the names of ``COLUMNS``."""
        self._note()
        return {
            "orders": list(self._orders.values()),
            "fills": list(self._fills.values()),
            "executed_trades": self._trips.ended,
            "live_positions": list(self._positions()),
            "equity": self._equity,
            "lineage": self._lineage,
        }


def fold(events: Iterable[TapeEvent], recorded: Iterable[Arrival] = ()) -> Mapping[str, list[Row]]:
    """The views of a whole tape; ``recorded`` are bars that stand beside its events, in order.

    Raises:
        TapeError: The events do not follow from one another.
    """
    coming = iter(recorded)
    bars = next(coming, None)
    views: Views | None = None
    for event in events:
        if views is None:
            views = Views(int(event.payload.get("cash_micros", 0)))
        while bars is not None and bars.timestamp <= event.timestamp:
            views.on_bars(bars)
            bars = next(coming, None)
        views.on_event(event)
    return Views(0).rows() if views is None else views.rows()
