"""The one place that reads the clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from framework.runtime.clock import Stopwatch, run_stamp


def test_a_run_is_stamped_with_utc_to_the_second():
    before, stamp, after = datetime.now(UTC), run_stamp(), datetime.now(UTC)
    assert re.fullmatch(r"\d{8}T\d{6}Z", stamp)
    moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert before - timedelta(seconds=1) < moment <= after


def test_a_stopwatch_goes_on_and_never_back():
    watch = Stopwatch()
    seen = [watch.seconds for _ in range(100)]
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] < 60
