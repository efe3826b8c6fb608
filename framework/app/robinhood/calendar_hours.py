"""When the market is open by our calendar, in the venue's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokers.robinhood.hours import MarketHours
from data.calendar import session_closes

if TYPE_CHECKING:
    from datetime import date


def hours_of(day: date, calendar: str) -> MarketHours:
    """The regular session of ``day`` in the exchange calendar ``calendar``."""
    sessions = session_closes(day, day, calendar)
    return MarketHours(int(sessions.open[0]), int(sessions.close[0])) if len(sessions) else MarketHours(0, 0)
