"""When the venue says the market is open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from brokers.robinhood.amounts import moment
from framework.domain.request import Priority

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from brokers.robinhood.reader import Reader

_NEW_YORK = ZoneInfo("America/New_York")


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


class HoursWatch:
    """Asks the venue once a day whether it is open when our calendar says so; nothing is bought until both say the same.

    Args:
        reader: To the venue.
        ours: The hours of a date in New York, by our calendar.
        alert: Hears once of each difference.

    Attributes:
        doubt: Why nothing is to be bought now; empty where both agree.
    """

    def __init__(self, reader: Reader, ours: Callable[[date], MarketHours], alert: Callable[[str], object]) -> None:
        self._reader, self._ours, self._alert = reader, ours, alert
        self._agreed: date | None = None
        self.doubt = "the venue was not asked yet when the market is open"

    def look(self, now: int) -> None:
        """Called now and then with the time, ns UTC."""
        day = datetime.fromtimestamp(now / 1e9, UTC).astimezone(_NEW_YORK).date()
        if day == self._agreed:
            return
        before, self.doubt = self.doubt, disagreement(market_hours(self._reader, day.isoformat()), self._ours(day))
        if not self.doubt:
            self._agreed = day
        elif self.doubt != before:
            self._alert(f"{day}: {self.doubt}; nothing is bought until they agree, look at the market and at [data] calendar")
