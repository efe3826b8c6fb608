"""No file can grow any more: nothing is thrown at whoever trades, no request is taken for one that may have left, no session is lost."""

from __future__ import annotations

import resource
import threading
from contextlib import contextmanager

from brokers.robinhood.session import SessionState
from framework.domain.venue_order import OutcomeKind
from framework.rules import limits
from tests.brokers.robinhood.adapter.session import order


@contextmanager
def a_full_disk():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def sent(link, name="o-1"):
    one = order(order_id=name, limit_price=100.0)
    return link.gateway.send(limits.approved_before(one, one.order_type), f"ref-{name}", one.quantity_micros, link.deadline())


def test_an_order_that_could_not_be_counted_is_known_not_to_have_left(link, double):
    assert sent(link).kind is OutcomeKind.ACCEPTED
    with a_full_disk():
        outcome = sent(link, "o-2")
    assert outcome.kind is OutcomeKind.NOT_SENT
    assert "budget" in outcome.reason
    assert len(double.book()["orders"]) == 1
    assert sent(link, "o-2").kind is OutcomeKind.ACCEPTED


def test_a_refusal_that_cannot_be_written_down_is_a_refusal_all_the_same(link, double):
    sent(link)
    double.fault(method="POST", path="/orders/", status=429, body={"detail": "Expected available in 14 seconds."}, handled="no", waits=0.5)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    filling = threading.Timer(0.2, resource.setrlimit, (resource.RLIMIT_FSIZE, (1, before[1])))
    filling.start()
    try:
        outcome = sent(link, "o-2")
    finally:
        filling.join()
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert outcome.kind is OutcomeKind.THROTTLED


def test_a_cancel_that_could_not_be_counted_is_asked_for_again(link):
    accepted = sent(link)
    with a_full_disk():
        assert link.gateway.cancel(accepted.report.venue_order_id).kind is OutcomeKind.NOT_SENT
    assert link.gateway.cancel(accepted.report.venue_order_id).kind is OutcomeKind.ACCEPTED


def test_reads_are_no_information(link):
    sent(link)
    with a_full_disk():
        assert not link.gateway.orders(0).complete
        assert not link.gateway.positions().complete
        assert link.gateway.account() is None
        assert link.gateway.quotes(["AAPL"]) == {}
    assert link.gateway.orders(0).complete


def test_a_session_that_cannot_be_renewed_now_is_renewed_when_there_is_room(link):
    link.session.refused()
    with a_full_disk():
        link.session.tick()
        link.session.tick()
        assert link.session.state is SessionState.STALE
    assert len(link.alerts) == 1
    link.session.tick()
    assert link.session.state is SessionState.ACTIVE
    assert link.gateway.account() is not None


def test_tokens_that_cannot_be_kept_are_used_all_the_same_and_somebody_is_told(link):
    blocked = link.file.path.with_suffix(".part")
    blocked.mkdir()
    link.session.refused()
    link.session.tick()
    assert link.session.state is SessionState.ACTIVE
    assert link.gateway.account() is not None
    assert [alert for alert in link.alerts if "onetape login" in alert]
    blocked.rmdir()
    link.session.refused()
    link.session.tick()
    assert link.file.load() is not None
    assert link.file.load().access == link.session._tokens.access


def test_a_file_that_takes_no_tokens_for_days_does_not_end_the_session(link):
    """What it has is older than what is used, each time it is looked at."""
    link.file.path.with_suffix(".part").mkdir()
    for _ in range(4):
        link.double.advance(86_400)
        link.session.refused()
        link.session.tick()
        assert link.session.state is SessionState.ACTIVE
        assert link.gateway.account() is not None
