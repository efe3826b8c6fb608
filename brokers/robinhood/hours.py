"""When the venue says the market is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.amounts import moment
from framework.domain.request import Priority

if TYPE_CHECKING:
    from brokers.robinhood.reader import Reader


class MarketHours(NamedTuple):
    """The regular session of one date, ns UTC; both 0 on a day without one."""

    opens_at: int
    closes_at: int

    @property
    def is_open(self) -> bool:
        """Whether there is a session on that date."""
        return self.closes_at > self.opens_at


def market_hours(reader: Reader, day: str, exchange: str = "XNYS") -> MarketHours | None:
    """The hours of ``day`` (a date in New York, 2026-03-02); ``None`` is no information."""
    reply = reader.read(f"/markets/{exchange}/hours/{day}/", {}, Priority.DATA)
    fields = reply.fields
    if not reply.is_good or fields.get("date") != day or not isinstance(fields.get("is_open"), bool):
        return None
    if not fields["is_open"]:
        return MarketHours(0, 0)
    try:
        hours = MarketHours(moment(fields.get("opens_at")), moment(fields.get("closes_at")))
    except ValueError:
        return None
    return hours if hours.is_open else None


def disagreement(venue: MarketHours | None, calendar: MarketHours) -> str:
    """Why the session of our calendar must not be traded on; empty where both say the same. When in doubt the market is closed."""
    if venue is None:
        return "the venue does not say when the market is open"
    if venue == calendar:
        return ""
    if not venue.is_open:
        return "the venue says the market is closed, our calendar says it is open"
    if not calendar.is_open:
        return "the venue says the market is open, our calendar says it is closed"
    return "the venue and our calendar disagree on when the session begins or ends"
