"""Fills to round trips: from flat to flat in one symbol, in exact integers."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from framework.domain.fill import Trade
from framework.domain.order import OrderRole, TrailType
from framework.domain.values import MICRO, notional, rounded_quotient

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from framework.domain.fill import Dividend, Fill
    from framework.domain.market import BarSeries
    from framework.domain.order import Order


@dataclass(slots=True)
class _RoundTrip:
    """One round trip while its fills arrive; micros, ``held`` signed, ``cash`` what it brought in so far, fees paid.

    ``entry_weight`` and ``exit_weight`` are sums of quantity times price (1e-12 dollars), not yet rounded to the micro-dollar.
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
    prices: list[int] = field(default_factory=list)
    entry_orders: set[str] = field(default_factory=set)

    def add(self, fill: Fill, quantity: int, value: int, fees: int) -> None:
        """Take ``quantity`` of the fill (micro-shares, above 0) worth ``value``."""
        direction = fill.side.sign
        self.held += direction * quantity
        self.cash -= direction * value + fees
        self.fees += fees
        self.prices.append(fill.price_micros)
        if direction == self.sign:
            self.entered += quantity
            self.entry_weight += quantity * fill.price_micros
            self.entry_orders.add(fill.order_id)
        else:
            self.exit_weight += quantity * fill.price_micros
            self.exit_at, self.exit_tag = fill.timestamp, fill.tag


def _entry_time(trip: _RoundTrip) -> int:
    """When the round trip began, ns UTC."""
    return trip.entry_at


def _take(fill: Fill, trip: _RoundTrip | None) -> list[_RoundTrip]:
    """Post a fill to the open round trip; a fill through zero closes it and opens the next. Returns the trips touched, oldest first."""
    value = notional(fill.quantity_micros, fill.price_micros)
    closing = 0 if trip is None or trip.sign == fill.side.sign else min(fill.quantity_micros, abs(trip.held))
    opening = fill.quantity_micros - closing
    closing_value = value if opening == 0 else notional(closing, fill.price_micros)
    closing_fees = rounded_quotient(fill.fees_micros * closing, fill.quantity_micros)
    touched = []
    if trip is not None and closing:
        trip.add(fill, closing, closing_value, closing_fees)
        touched.append(trip)
    if opening:
        if trip is None or closing:
            trip = _RoundTrip(fill.symbol, fill.side.sign, fill.timestamp, fill.tag)
        trip.add(fill, opening, value - closing_value, fill.fees_micros - closing_fees)
        touched.append(trip)
    return touched


def _fold(fills: Iterable[Fill]) -> tuple[list[_RoundTrip], dict[str, _RoundTrip]]:
    """Round trips that ended flat, in the order of their last fills, and those that did not, by symbol."""
    still_open: dict[str, _RoundTrip] = {}
    closed = []
    for fill in fills:
        for trip in _take(fill, still_open.get(fill.symbol)):
            if trip.held:
                still_open[trip.symbol] = trip
            else:
                closed.append(trip)
                still_open.pop(trip.symbol, None)
    return closed, still_open


def _pay(dividends: Iterable[Dividend], trips: Iterable[_RoundTrip], still_open: Mapping[str, _RoundTrip]) -> None:
    """Give each dividend to the latest round trip of its symbol entered before it was paid; a position still open keeps its own."""
    by_symbol: dict[str, list[_RoundTrip]] = {}
    for trip in trips:
        by_symbol.setdefault(trip.symbol, []).append(trip)
    for dividend in dividends:
        own = by_symbol.get(dividend.symbol, [])
        place = bisect_left(own, dividend.timestamp, key=_entry_time) - 1
        held = still_open.get(dividend.symbol)
        if place >= 0 and (held is None or held.entry_at >= dividend.timestamp):
            own[place].dividends += dividend.amount_micros


def _first_stops(orders: Iterable[Order]) -> dict[str, Order]:
    """The first protective stop of each parent order, by its id."""
    first: dict[str, Order] = {}
    for order in orders:
        if order.role is OrderRole.STOP and order.parent_id is not None:
            first.setdefault(order.parent_id, order)
    return first


def _stop_level(stop: Order, entry_price: int, sign: int) -> int | None:
    """Price at which the stop first stood, micro-dollars; a trailing stop without one starts its trail from the entry price."""
    if stop.stop_micros is not None or stop.trail_micros is None:
        return stop.stop_micros
    percent = stop.trail_type is TrailType.PERCENTAGE
    distance = rounded_quotient(entry_price * stop.trail_micros, 100 * MICRO) if percent else stop.trail_micros
    return entry_price - sign * distance


def _money_at_risk(trip: _RoundTrip, stops: Mapping[str, Order], entry_price: int) -> int | None:
    """What is lost if everything entered leaves at the first stop's level, 1e-12 dollars; ``None`` without a stop on the losing side."""
    own = [stops[order_id] for order_id in trip.entry_orders if order_id in stops]
    if not own:
        return None
    level = _stop_level(min(own, key=lambda stop: (stop.created_at, stop.order_id)), entry_price, trip.sign)
    if level is None:
        return None
    risk = trip.sign * (trip.entry_weight - trip.entered * level)
    return risk if risk > 0 else None


def _excursion(trip: _RoundTrip, entry_price: float, bars: BarSeries | None) -> tuple[float, float, int]:
    """Worst and best excursion from the entry price, fractions of it, and bars held.

    What can have been seen: the trip's own fills, and highs and lows of the bars strictly between the entry's and the exit's. (In those
    two bars themselves the extreme may lie before the entry or after the exit.)
    """
    seen = np.array(trip.prices, dtype=np.float64) / MICRO
    held = 0
    if bars is not None:
        after_entry, after_exit = (int(place) for place in np.searchsorted(bars.timestamp, [trip.entry_at, trip.exit_at], "right"))
        at_exit = int(np.searchsorted(bars.timestamp, trip.exit_at))
        held = after_exit - after_entry
        seen = np.concatenate((seen, bars.low[after_entry:at_exit], bars.high[after_entry:at_exit]))
    moves = trip.sign * (seen[np.isfinite(seen)] / entry_price - 1.0)
    return min(0.0, float(moves.min())), max(0.0, float(moves.max())), held


def _trade(trip: _RoundTrip, stops: Mapping[str, Order], bars: BarSeries | None) -> Trade:
    """The finished round trip in dollars."""
    entry_price = rounded_quotient(trip.entry_weight, trip.entered)
    pnl = trip.cash + trip.dividends
    at_risk = _money_at_risk(trip, stops, entry_price)
    mae, mfe, held = _excursion(trip, entry_price / MICRO, bars)
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
    )


def round_trips(
    fills: Sequence[Fill], orders: Iterable[Order], dividends: Iterable[Dividend], series: Mapping[str, BarSeries]
) -> tuple[Trade, ...]:
    """Round trips, flat to flat per symbol, in the order of their exits; a position still open at the end is none.

    A fill through zero ends one trip and begins the next; its fees are shared by quantity. Prices are averages over the trip's entries
    and exits, ``pnl`` is net of fees and with dividends: when everything ended flat, the pnl of all trips is the change in cash, to the
    micro-dollar before the division. A dividend belongs to the latest trip entered before it was paid. The R multiple divides by
    |entry price - first protective stop| times everything entered. ``fills`` must be in the order they happened.
    """
    trips, still_open = _fold(fills)
    _pay(dividends, trips, still_open)
    stops = _first_stops(orders)
    return tuple(_trade(trip, stops, series.get(trip.symbol)) for trip in trips)


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """A position not closed at the end: signed shares, when it was opened (ns UTC) and its average entry price, dollars."""

    symbol: str
    quantity: float
    since: int
    entry_price: float


def open_positions(fills: Iterable[Fill]) -> tuple[OpenPosition, ...]:
    """What the fills leave open, by symbol. The entry price is the average over every entry since the position was last flat."""
    _, still_open = _fold(fills)
    return tuple(
        OpenPosition(symbol, trip.held / MICRO, trip.entry_at, trip.entry_weight / trip.entered / MICRO)
        for symbol, trip in sorted(still_open.items())
    )
