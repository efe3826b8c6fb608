"""When is the money of a sale really there? Settlement of US equities, by the date of the trade.

Days are counted since 1970-01-01. Business days are the days on which the clearing house settles: the exchange's sessions without the bank
holidays on which it trades (Columbus Day and Veterans Day).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framework.domain.market import Integers

_EPOCH = date(1970, 1, 1).toordinal()
#: (first trade date, business days until settlement), newest first. SEC Rule 15c6-1 and its amendments; five days by custom before it.
CYCLES: tuple[tuple[date, int], ...] = (
    (date(2024, 5, 28), 1),
    (date(2017, 9, 5), 2),
    (date(1995, 6, 7), 3),
    (date.min, 5),
)


def settlement_days(trade_day: int) -> int:
    """Business days until a trade of ``trade_day`` settles: 1 from 2024-05-28, 2 from 2017-09-05, 3 from 1995-06-07, before that 5."""
    return next(days for first, days in CYCLES if trade_day >= first.toordinal() - _EPOCH)


def is_settled(trade_day: int, today: int, business_days: Integers) -> bool:
    """Whether the money of a trade can be used on ``today``.

    Args:
        trade_day: Days since 1970 of the trade.
        today: Days since 1970.
        business_days: int64, ascending; every business day after ``trade_day`` up to ``today``. A day missing here settles nothing.
    """
    passed = business_days.searchsorted(today, side="right") - business_days.searchsorted(trade_day, side="right")
    return int(passed) >= settlement_days(trade_day)
