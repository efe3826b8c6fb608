"""Two clocks: what the Date of an answer says of ours."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.robinhood.gates import ShutGate
from brokers.robinhood.skew import SkewWatch
from brokers.robinhood.testing import RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from framework.app.robinhood.connection import Ears, RobinhoodLink
from framework.domain.request import Priority
from framework.domain.secret import Secret
from framework.runtime.clock import now_ns
from framework.runtime.config import BrokerSection
from framework.runtime.logs.redaction import Redactor

NOW = datetime(2026, 3, 2, 15, 0, 0, tzinfo=UTC)


def watched(ahead, took=0.2):
    """What a watch says after an answer of a venue whose clock is ``ahead`` of ours by so many seconds."""
    alerts = []
    watch = SkewWatch(alerts.append)
    sent = NOW.timestamp() + 0.3
    written = NOW + timedelta(seconds=0.3 + took / 2 + ahead)
    watch.note(format_datetime(written.replace(microsecond=0), usegmt=True), round(sent * 1e9), round((sent + took) * 1e9))
    return watch, alerts


@given(st.floats(-2.0, 2.0), st.floats(0.0, 30.0))
def test_clocks_that_agree_within_two_seconds_are_never_accused(ahead, took):
    watch, alerts = watched(ahead, took)
    assert (watch.is_too_far, alerts) == (False, [])


@given(st.floats(3.5, 1e6) | st.floats(-1e6, -3.5))
def test_clocks_that_are_apart_are_noticed_and_told(ahead):
    watch, alerts = watched(ahead)
    assert watch.is_too_far
    assert "apart: no position is opened" in alerts[0]


def test_it_is_told_once_and_ends_when_they_agree():
    watch, alerts = watched(60)
    for _ in range(3):
        watch.note("Mon, 02 Mar 2026 15:01:00 GMT", round(NOW.timestamp() * 1e9), round(NOW.timestamp() * 1e9))
    assert len(alerts) == 1
    watch.note("Mon, 02 Mar 2026 15:00:00 GMT", round(NOW.timestamp() * 1e9), round(NOW.timestamp() * 1e9))
    assert not watch.is_too_far


@pytest.mark.parametrize("written", ["", "now", "Mon, 99 Mar 2026 15:00:00 GMT", "0"])
def test_a_date_that_cannot_be_read_says_nothing(written):
    watch = SkewWatch(print)
    watch.note(written, 0, 0)
    assert not watch.is_too_far


@pytest.mark.parametrize(("skew", "is_too_far"), [(0.0, False), (60.0, True), (-60.0, True)])
def test_every_answer_of_a_link_is_looked_at(tmp_path, skew, is_too_far):
    alerts = []
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as double:
        double.configure(date_skew=skew)
        user, key = Secret("user", "trader@example.com"), Secret("key", "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")
        ears = Ears(lambda _: None, alerts.append, io.StringIO())
        with RobinhoodLink(BrokerSection(), user, key, tmp_path, ShutGate(), Redactor(), ears, double.url) as link:
            link.wire.open()
            link.wire.get("/quotes/", {"symbols": "AAPL"}, Priority.DATA, 5.0)
            assert link.skew.is_too_far is is_too_far
            double.fault(path="/quotes/", status=429, body={"detail": "Expected available in 1154515 seconds."})
            link.wire.get("/quotes/", {"symbols": "AAPL"}, Priority.DATA, 5.0)
            link.wire.close()
    assert any("wants no request for longer than 900 s" in text for text in alerts)
    assert any("apart" in text for text in alerts) is is_too_far


def test_a_link_is_in_doubt_while_the_venue_s_hours_are_not_those_of_the_calendar(tmp_path):
    alerts, now = [], now_ns()
    with RobinhoodDouble(RunningClock(iso(now))) as double:
        user, key = Secret("user", "trader@example.com"), Secret("key", "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")
        ears = Ears(lambda _: None, alerts.append, io.StringIO())
        with RobinhoodLink(BrokerSection(rate_limit_requests=100), user, key, tmp_path, ShutGate(), Redactor(), ears, double.url) as link:
            link.wire.open()
            assert not link.is_in_doubt
            double.fault(path="/markets/*", status=503, handled="no", times=2)
            before = double.counts()["requests"]
            look = link.watch_hours("XNYS")
            assert link.is_in_doubt
            look(now)
            assert link.is_in_doubt
            assert double.counts()["requests"] == before + 2, "an answer that does not come is not waited for again and again"
            look(now)
            assert not link.is_in_doubt
            link.wire.close()
    (told,) = alerts
    assert "the venue does not say when the market is open" in told
