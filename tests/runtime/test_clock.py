"""The one place that reads the clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from framework.runtime.clock import Stopwatch, now_ns, run_stamp, steady_ns


def test_a_run_is_stamped_with_utc_to_the_second():
    before, stamp, after = datetime.now(UTC), run_stamp(), datetime.now(UTC)
    assert re.fullmatch(r"\d{8}T\d{6}Z", stamp)
    moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert before - timedelta(seconds=1) < moment <= after


def test_now_is_utc_in_nanoseconds():
    before, now, after = datetime.now(UTC), now_ns(), datetime.now(UTC)
    assert before.timestamp() - 1e-3 <= now / 1e9 <= after.timestamp() + 1e-3


def test_the_machine_s_own_time_never_goes_back():
    seen = [steady_ns() for _ in range(100)]
    assert seen == sorted(seen)


def test_a_stopwatch_goes_on_and_never_back():
    watch = Stopwatch()
    seen = [watch.seconds for _ in range(100)]
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] < 60
