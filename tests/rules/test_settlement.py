"""Money of a sale settles on the dates the SEC's rules gave, checked against the calendar by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.pretrade.settlement import is_settled, settlement_days

EPOCH = date(1970, 1, 1)


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def weekdays(first: str, last: str, without: tuple[str, ...] = ()) -> np.ndarray:
    days = [number for number in range(day(first), day(last) + 1) if (EPOCH + timedelta(number)).weekday() < 5]
    return np.array([number for number in days if number not in {day(text) for text in without}], dtype=np.int64)


@pytest.mark.parametrize(
    ("traded", "days"),
    [
        ("2024-05-28", 1),
        ("2024-05-27", 2),
        ("2017-09-05", 2),
        ("2017-09-04", 3),
        ("1995-06-07", 3),
        ("1995-06-06", 5),
        ("1929-10-29", 5),
        ("2100-01-01", 1),
    ],
)
def test_the_cycle_follows_the_date_of_the_trade(traded, days):
    assert settlement_days(day(traded)) == days


@pytest.mark.parametrize(
    ("traded", "settles"),
    [
        ("2024-05-24", "2024-05-29"),  # the last T+2 trade, over Memorial Day
        ("2024-05-28", "2024-05-29"),  # the first T+1 trade settles on the same day
        ("2024-06-07", "2024-06-10"),  # over a weekend
    ],
)
def test_known_settlement_dates(traded, settles):
    business = weekdays("2024-05-01", "2024-06-30", without=("2024-05-27", "2024-06-19"))
    assert is_settled(day(traded), day(settles), business)
    assert not is_settled(day(traded), day(settles) - 1, business)


def test_a_calendar_without_the_days_settles_nothing():
    assert not is_settled(day("2024-06-03"), day("2030-01-01"), np.array([], dtype=np.int64))


@given(st.integers(day("1990-01-01"), day("2030-01-01")), st.integers(0, 20))
def test_what_has_settled_stays_settled(traded, later):
    business = np.arange(traded, traded + 30, dtype=np.int64)
    assert is_settled(traded, traded + later, business) == (later >= settlement_days(traded))
