"""The bars of a session as events of the tape: each slice as it arrived, number for number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.market import Bar, ClosedBar
from framework.errors import BadDataError, TapeError
from framework.runtime.sessions.arrivals import Arrival
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from framework.runtime.tape.chain import TapeEvent

BARS = "bars_closed"
_NUMBERS = ("open", "high", "low", "close", "volume")


def bars_event(arrival: Arrival) -> NewEvent:
    """All bars that closed at one instant, quoted in the shares of their day; a key keeps them from being recorded twice."""
    return NewEvent(arrival.timestamp, BARS, {symbol: _row(one) for symbol, one in arrival.bars.items()}, f"bars:{arrival.timestamp}")


def _row(one: ClosedBar) -> list[float | int | None]:
    return [*(getattr(one.bar, name) for name in _NUMBERS), one.dividend, one.split, one.pay_day]


def read_arrival(event: TapeEvent) -> Arrival:
    """The bars of an event of kind ``BARS``, bit for bit.

    Raises:
        TapeError: They cannot be read.
    """
    try:
        return Arrival(event.timestamp, {symbol: _bar(symbol, event.timestamp, *row) for symbol, row in event.payload.items()})
    except (TypeError, ValueError, BadDataError) as error:
        raise TapeError(f"the bars of event {event.sequence} cannot be read: {error}") from None


def _bar(
    symbol: str,
    timestamp: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    dividend: float,
    split: float,
    pay_day: int | None,
) -> ClosedBar:
    return ClosedBar(Bar(symbol, timestamp, opened, high, low, close, volume), dividend, split, pay_day)
