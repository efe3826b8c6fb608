"""What trades at the venue when its prices move: the plainest matching there is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.order import OrderStatus, OrderType
from framework.domain.values import MICRO, to_micros

if TYPE_CHECKING:
    from tests.venue.scripted import ScriptedVenue
    from tests.venue.truth import TrueOrder


def match(venue: ScriptedVenue, part: float = 1.0) -> None:
    """Fill ``part`` of every working order whose price has been reached, at that price; trailing stops follow it first."""
    for one in list(venue.truth.open.values()):
        _follow(venue, one)
        price = _price(venue, one)
        if price is not None and one.now.status is not OrderStatus.PENDING_CANCEL:
            lot = max(round(one.left * part) // 1_000_000 * 1_000_000, 1_000_000)
            venue.truth.fill(one, min(lot, one.left), price, venue.fee)


def _follow(venue: ScriptedVenue, one: TrueOrder) -> None:
    shown, last = one.now, to_micros(venue.prices[one.now.symbol])
    if shown.order_type is not OrderType.TRAILING_STOP or shown.trail_micros is None or shown.stop_micros is None:
        return
    sign = shown.side.sign
    level = last + sign * (last * shown.trail_micros // (100 * MICRO))  # in percent
    if sign * (shown.stop_micros - level) > 0:
        one.history.append(replace(shown, stop_micros=level, updated_at=venue.truth.time + 1))
        venue.truth._note(one)


def _price(venue: ScriptedVenue, one: TrueOrder) -> int | None:
    shown, last = one.now, to_micros(venue.prices[one.now.symbol])
    sign = shown.side.sign
    if shown.order_type is OrderType.LIMIT:
        return last if sign * (shown.limit_micros - last) >= 0 else None
    if shown.order_type in (OrderType.STOP_LOSS, OrderType.TRAILING_STOP):
        return last if sign * (last - shown.stop_micros) >= 0 else None
    return last if shown.order_type is OrderType.MARKET else None
