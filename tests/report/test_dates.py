"""Instants as New York's clocks show them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from framework.report.dates import HOUR, NEW_YORK, new_york

#: 1970 to 2049.
HOURS = st.integers(0, 700_000)


def shown(hour: int) -> int:
    """New York's wall clock, whole hours since 1970 there, without any shortcut."""
    offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone(NEW_YORK).utcoffset()
    assert offset is not None
    return hour + round(offset.total_seconds()) // 3600


@given(st.lists(HOURS, max_size=20), HOURS, st.integers(1, 30))
def test_every_instant_has_the_offset_of_its_own_hour(some: list[int], first: int, step: int) -> None:
    hours = [*some, *range(first, first + 40 * step, step)]
    assert (new_york(np.array(hours) * HOUR) // HOUR).tolist() == [shown(hour) for hour in hours]


def test_clocks_change_in_the_hour_they_change_in() -> None:
    for year in range(1970, 2038):
        begin = int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 3600
        hours = np.arange(begin, begin + 365 * 24)
        offsets = new_york(hours * HOUR) // HOUR - hours
        changes = np.flatnonzero(np.diff(offsets))
        assert len(changes) == 2
        assert all(shown(begin + one) - (begin + one) == offsets[one] for one in [*changes, *(changes + 1)])
