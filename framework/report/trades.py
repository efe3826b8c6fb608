"""Fills to round trips: from flat to flat in one symbol, in exact integers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, overload

import numpy as np

from framework.domain.account_event import CashInLieu, Delisted, Entitlement, Split, TradeCorrection
from framework.domain.fill import Fill, Trade
from framework.domain.market import nothing
from framework.domain.order import OrderRole, TrailType
from framework.domain.values import MICRO, notional, rounded_quotient
from framework.engine.market import session_number
from framework.rules.account.lots import TaxLots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from framework.domain.account_event import AccountEvent
    from framework.domain.market import BarSeries, Floats
    from framework.domain.order import Order
    from framework.rules.account.lots import Closing


@dataclass(slots=True)
class _RoundTrip:
    """One round trip while its events arrive; micros, ``held`` signed, ``cash`` what it brought in so far, fees paid.

    A split puts shares and prices into new shares, so that at the end all are in those of the exit. ``entry_weight`` and ``exit_weight``
    are sums of quantity times price (1e-12 dollars), not yet rounded to the micro-dollar; ``prices`` are dollars.
    """

    symbol: str
    sign: int
    entry_at: int
    entry_tag: str | None
    held: int = 0
    cash: int = 0
    fees: int = 0
    dividends: int = 0
    entered: int = 0
    entry_weight: int = 0
    exit_weight: int = 0
    exit_at: int = 0
    exit_tag: str | None = None
    prices: list[float] = field(default_factory=list)
    entry_orders: set[str] = field(default_factory=set)
    splits: list[Split] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)

    def add(self, fill: Fill, quantity: int, value: int, fees: int) -> None:
        """Take ``quantity`` of the fill (micro-shares, above 0) worth ``value``."""
        direction = fill.side.sign
        self.held += direction * quantity
        self.cash -= direction * value + fees
        self.fees += fees
        self.prices.append(fill.price_micros / MICRO)
        if direction == self.sign:
            self.entered += quantity
            self.entry_weight += quantity * fill.price_micros
            self.entry_orders.add(fill.order_id)
        else:
            self.exit_weight += quantity * fill.price_micros
            self.exit_at, self.exit_tag = fill.timestamp, fill.tag

    def happen(self, event: AccountEvent, lots: TaxLots) -> None:
        """Take what happened to the shares without a trade; those paid in cash have left at the price paid."""
        match event:
            case Split():
                lots.split(event.new, event.old)
                self.held = event.held_micros
                self.entered = max(rounded_quotient(self.entered * event.new, event.old), 1)
                self.prices = [price * event.old / event.new for price in self.prices]
                self.splits.append(event)
            case CashInLieu() | Delisted():
                self.cash += event.amount_micros
                self.exit_weight += abs(event.amount_micros) * MICRO
                self.exit_at, self.exit_tag = event.timestamp, "delisted" if isinstance(event, Delisted) else "cash_in_lieu"
                self.held = 0 if isinstance(event, Delisted) else self.held
                self.closings += lots.pay_out(session_number(event.timestamp), abs(self.held), event.amount_micros)
            case Entitlement():
                self.dividends += event.amount_micros
            case TradeCorrection():
                self._correct(event, lots)

    def _correct(self, event: TradeCorrection, lots: TaxLots) -> None:
        """Shares more or fewer than were booked, or another price; what leaves this way has been left at the price of the correction."""
        self.cash += event.amount_micros - event.fees_micros
        self.fees += event.fees_micros
        count, worth, day = abs(event.quantity_micros), abs(event.amount_micros), session_number(event.timestamp)
        if event.quantity_micros * self.sign > 0:
            self.entered += count
            self.entry_weight += worth * MICRO
            lots.open(event.order_id, self.sign, day, count, self.sign * worth + event.fees_micros)
        elif count:
            self.exit_weight += worth * MICRO
            self.exit_at, self.exit_tag = event.timestamp, "corrected"
            self.closings += lots.close(day, min(count, abs(self.held)), self.sign * worth - event.fees_micros)
        self.held += event.quantity_micros


def _take(fill: Fill, trip: _RoundTrip | None, lots: TaxLots) -> list[_RoundTrip]:
    """Post a fill to the open round trip; a fill through zero closes it and opens the next. Returns the trips touched, oldest first."""
    value = notional(fill.quantity_micros, fill.price_micros)
    closing = 0 if trip is None or trip.sign == fill.side.sign else min(fill.quantity_micros, abs(trip.held))
    opening = fill.quantity_micros - closing
    closing_value = value if opening == 0 else notional(closing, fill.price_micros)
    closing_fees = rounded_quotient(fill.fees_micros * closing, fill.quantity_micros)
    touched, day = [], session_number(fill.timestamp)
    if trip is not None and closing:
        trip.add(fill, closing, closing_value, closing_fees)
        trip.closings += lots.close(day, closing, trip.sign * closing_value - closing_fees)
        touched.append(trip)
    if opening:
        if trip is None or closing:
            trip = _RoundTrip(fill.symbol, fill.side.sign, fill.timestamp, fill.tag)
        opening_value, opening_fees = value - closing_value, fill.fees_micros - closing_fees
        trip.add(fill, opening, opening_value, opening_fees)
        lots.open(fill.order_id, trip.sign, day, opening, trip.sign * opening_value + opening_fees)
        touched.append(trip)
    return touched


def _in_order(fills: Iterable[Fill], account_events: Iterable[AccountEvent]) -> list[Fill | AccountEvent]:
    """Everything in the order it happened: what happens to an account takes effect before the open, so before the fills of the bar.

    What a trade is corrected to comes behind it.
    """
    happened: list[tuple[int, int, Fill | AccountEvent]] = [
        (event.timestamp, 2 if isinstance(event, TradeCorrection) else 0, event) for event in account_events
    ]
    happened += [(fill.timestamp, 1, fill) for fill in fills]
    return [event for _, _, event in sorted(happened, key=itemgetter(0, 1))]


def _fold(fills: Iterable[Fill], account_events: Iterable[AccountEvent]) -> tuple[list[_RoundTrip], dict[str, _RoundTrip]]:
    """Round trips that ended flat, in the order they ended, and those that did not, by symbol."""
    still_open: dict[str, _RoundTrip] = {}
    lots: defaultdict[str, TaxLots] = defaultdict(TaxLots)
    closed = []
    for event in _in_order(fills, account_events):
        trip = still_open.get(event.symbol)
        if isinstance(event, Fill):
            touched = _take(event, trip, lots[event.symbol])
        elif trip is not None:
            trip.happen(event, lots[event.symbol])
            # A split that leaves less than a lot ends the trip with the cash that comes for it.
            touched = [] if isinstance(event, Split) else [trip]
        else:
            continue
        for one in touched:
            if one.held:
                still_open[one.symbol] = one
            else:
                closed.append(one)
                still_open.pop(one.symbol, None)
    return closed, still_open


def _first_stops(orders: Iterable[Order]) -> dict[str, Order]:
    """The first protective stop of each parent order, by its id."""
    first: dict[str, Order] = {}
    for order in orders:
        if order.role is OrderRole.STOP and order.parent_id is not None:
            first.setdefault(order.parent_id, order)
    return first


def _stop_level(stop: Order, trip: _RoundTrip, entry_price: int) -> int | None:
    """Price at which the stop first stood, in shares of the exit, micro-dollars; a trail without one starts from the entry price."""
    first = stop.decided
    if first.stop_micros is not None:
        return _in_exit_shares(first.stop_micros, stop.created_at, trip)
    if first.trail_micros is None:
        return None
    percent = stop.trail_type is TrailType.PERCENTAGE
    distance = (
        rounded_quotient(entry_price * first.trail_micros, 100 * MICRO)
        if percent
        else _in_exit_shares(first.trail_micros, stop.created_at, trip)
    )
    return entry_price - trip.sign * distance


def _in_exit_shares(price: int, at: int, trip: _RoundTrip) -> int:
    """A price of an order made at ``at``; an order of a split's own bar was made after it."""
    for split in trip.splits:
        if at < split.timestamp:
            price = rounded_quotient(price * split.old, split.new)
    return price


def _money_at_risk(trip: _RoundTrip, stops: Mapping[str, Order], entry_price: int) -> int | None:
    """What is lost if everything entered leaves at the first stop's level, 1e-12 dollars; ``None`` without a stop on the losing side."""
    own = [stops[order_id] for order_id in trip.entry_orders if order_id in stops]
    if not own:
        return None
    level = _stop_level(min(own, key=lambda stop: (stop.created_at, stop.order_id)), trip, entry_price)
    if level is None:
        return None
    risk = trip.sign * (trip.entry_weight - trip.entered * level)
    return risk if risk > 0 else None


def _excursion(trip: _RoundTrip, entry_price: float, bars: BarSeries | None) -> tuple[float, float, int]:
    """Worst and best excursion from the entry price, fractions of it, and bars held.

    What can have been seen: the trip's own fills, and highs and lows of the bars strictly between the entry's and the exit's. (In those
    two bars themselves the extreme may lie before the entry or after the exit.)
    """
    seen = np.array(trip.prices, dtype=np.float64)
    held = 0
    if bars is not None:
        after_entry, after_exit = (int(place) for place in np.searchsorted(bars.timestamp, [trip.entry_at, trip.exit_at], "right"))
        at_exit = int(np.searchsorted(bars.timestamp, trip.exit_at))
        held = after_exit - after_entry
        shares = float(np.prod(bars.split[after_exit:]))  # of the last bar, for one of the exit
        seen = np.concatenate((seen, bars.low[after_entry:at_exit] * shares, bars.high[after_entry:at_exit] * shares))
    moves = trip.sign * (seen[np.isfinite(seen)] / entry_price - 1.0)
    return min(0.0, float(moves.min())), max(0.0, float(moves.max())), held


def _trade(trip: _RoundTrip, stops: Mapping[str, Order], bars: BarSeries | None) -> Trade:
    """The finished round trip in dollars."""
    entry_price = rounded_quotient(trip.entry_weight, trip.entered)
    pnl = trip.cash + trip.dividends
    at_risk = _money_at_risk(trip, stops, entry_price)
    mae, mfe, held = _excursion(trip, entry_price / MICRO, bars)
    disallowed = sum(closing.disallowed for closing in trip.closings)
    return Trade(
        symbol=trip.symbol,
        side="long" if trip.sign > 0 else "short",
        entry_at=trip.entry_at,
        exit_at=trip.exit_at,
        quantity=trip.entered / MICRO,
        entry_price=entry_price / MICRO,
        exit_price=rounded_quotient(trip.exit_weight, trip.entered) / MICRO,
        pnl=pnl / MICRO,
        return_fraction=pnl * MICRO / trip.entry_weight,
        fees=trip.fees / MICRO,
        dividends=trip.dividends / MICRO,
        r_multiple=None if at_risk is None else pnl * MICRO / at_risk,
        mae=mae,
        mfe=mfe,
        bars_held=held,
        entry_tag=trip.entry_tag,
        exit_tag=trip.exit_tag,
        realized_gain=sum(closing.gain for closing in trip.closings) / MICRO,
        disallowed_loss=disallowed / MICRO,
        wash_sale=disallowed > 0,
    )


def round_trips(
    fills: Sequence[Fill], orders: Iterable[Order], account_events: Iterable[AccountEvent], series: Mapping[str, BarSeries]
) -> tuple[Trade, ...]:
    """Round trips, flat to flat per symbol, in the order of their exits; a position still open at the end is none.

    A fill through zero ends one trip and begins the next; its fees are shared by quantity. Prices are averages over the trip's entries
    and exits, ``pnl`` is net of fees and with dividends: when everything ended flat, the pnl of all trips is the change in cash, to the
    micro-dollar before the division. A dividend belongs to the trip that was open when it went ex, paid by then or not. After a split
    quantity and prices are in the shares of the exit. The R multiple divides by |entry price - first protective stop| times everything
    entered. ``fills`` and ``account_events`` must be in the order they happened; ``series`` are adjusted to their last bar.
    """
    trips, _ = _fold(fills, account_events)
    stops = _first_stops(orders)
    return tuple(_trade(trip, stops, series.get(trip.symbol)) for trip in trips)


class RoundTrips(Sequence["Trade"]):
    """``round_trips``, worked out when first looked at: after many fills, with their lots, they are as much work as the run itself."""

    def __init__(
        self,
        fills: Sequence[Fill],
        orders: Sequence[Order],
        account_events: Sequence[AccountEvent],
        series: Mapping[str, BarSeries],
        figures: Callable[[], tuple[Floats, Floats] | None] = nothing,
    ) -> None:
        self._facts = (fills, orders, account_events, series)
        self._figures = figures

    def figures(self) -> tuple[Floats, Floats]:
        """Dollars each has earned, and R multiples of those that had a stop; from columns, where the run left such."""
        return self._figures() or figures_of(self._trades)

    @cached_property
    def _trades(self) -> tuple[Trade, ...]:
        return round_trips(*self._facts)

    @overload
    def __getitem__(self, place: int) -> Trade: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Trade, ...]: ...
    def __getitem__(self, place: int | slice) -> Trade | tuple[Trade, ...]:
        return self._trades[place]

    def __len__(self) -> int:
        return len(self._trades)


def figures_of(trades: Sequence[Trade]) -> tuple[Floats, Floats]:
    """Dollars that each of ``trades`` has earned, and R multiples of those that had a stop."""
    if isinstance(trades, RoundTrips):
        return trades.figures()
    multiples = [trade.r_multiple for trade in trades if trade.r_multiple is not None]
    return np.array([trade.pnl for trade in trades], dtype=np.float64), np.array(multiples, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """A position not closed at the end: signed shares, when it was opened (ns UTC) and its average entry price, dollars."""

    symbol: str
    quantity: float
    since: int
    entry_price: float


def open_positions(fills: Iterable[Fill], account_events: Iterable[AccountEvent]) -> tuple[OpenPosition, ...]:
    """What fills and splits leave open, by symbol. The entry price is the average over every entry since the position was last flat."""
    _, still_open = _fold(fills, account_events)
    return tuple(
        OpenPosition(symbol, trip.held / MICRO, trip.entry_at, trip.entry_weight / trip.entered / MICRO)
        for symbol, trip in sorted(still_open.items())
    )
