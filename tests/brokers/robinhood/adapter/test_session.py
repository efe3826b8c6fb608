"""The session that goes on without a person: renewed in time, once, and never asking anybody."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from brokers.robinhood.session import Session, SessionState
from framework.domain.order import ApprovedOrder
from framework.domain.venue_order import OutcomeKind
from framework.errors import AuthenticationError
from tests.brokers.robinhood.adapter.session import Link, order
from tests.brokers.robinhood.adapter.test_login import LOGIN, grants
from tests.brokers.robinhood.live.children import child_of, ended


def test_the_session_is_renewed_when_four_fifths_of_its_life_are_over(link, double):
    double.advance(0.79 * 691_200)
    link.session.tick()
    assert grants(double) == []
    double.advance(0.02 * 691_200)
    link.session.tick()
    assert len(grants(double)) == 1
    assert link.gateway.account() is not None
    assert link.file.load().access.reveal() in double.venue.gate.access


def test_a_token_that_died_is_renewed_by_the_read_that_notices(link, double):
    double.expire_tokens()
    assert link.gateway.positions().complete
    assert len(grants(double)) == 1


def test_an_order_with_a_dead_token_is_not_repeated_and_the_session_is_renewed_afterwards(link, double):
    link.gateway.quotes(["AAPL"])
    link.gateway._instruments.of_symbol("AAPL")
    double.expire_tokens()
    asked = order(limit_price=99.5)
    assert link.gateway.send(ApprovedOrder(asked), "r1", asked.quantity_micros, link.deadline()).kind is OutcomeKind.NOT_AUTHENTICATED
    assert (link.session.state, double.counts()["order_posts"]) == (SessionState.STALE, 1)
    link.session.tick()
    assert link.gateway.send(ApprovedOrder(asked), "r1", asked.quantity_micros, link.deadline()).kind is OutcomeKind.ACCEPTED


def test_a_session_that_needs_a_person_says_so_once_and_never_tries_again(link, double, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    double.configure_login(refresh_needs_person=True)
    double.expire_tokens()
    for _ in range(20):
        assert not link.gateway.positions().complete
        link.session.tick()
    assert link.session.state is SessionState.NEEDS_PERSON
    assert not link.gateway.is_connected()
    assert [text for text in link.alerts if "onetape login" in text] == [link.alerts[-1]]
    assert len(grants(double)) == 1


def test_after_a_person_has_logged_in_the_session_goes_on_by_itself(link, double):
    double.configure_login(refresh_needs_person=True)
    double.expire_tokens()
    link.gateway.positions()
    double.configure_login(refresh_needs_person=False)
    link.file.save(link.login())
    link.session.tick()
    assert link.gateway.positions().complete


def test_a_throttled_renewal_is_tried_again_when_it_may_be(link, double):
    double.expire_tokens()
    double.fault(**LOGIN, handled="no", status=429, body={"detail": "Expected available in 120 seconds."})
    assert not link.session.renew()
    assert link.session.state is SessionState.LOCKED
    for _ in range(10):
        link.session.tick()
    assert len(grants(double)) == 1
    double.advance(125)
    link.session.tick()
    assert link.session.state is SessionState.ACTIVE


def test_a_renewal_without_an_answer_is_tried_again(link, double):
    double.expire_tokens()
    double.fault(**LOGIN, handled="no", status=503)
    assert not link.session.renew()
    assert link.session.state is SessionState.STALE
    link.session.tick()
    assert link.session.state is SessionState.ACTIVE


def test_a_renewal_whose_answer_was_lost_needs_a_person(link, double):
    """The old pair is dead and nobody has the new one."""
    double.expire_tokens()
    double.fault(**LOGIN, drops=True)
    link.session.renew()
    link.session.tick()
    assert link.session.state is SessionState.NEEDS_PERSON


def test_many_threads_renew_once(link, double):
    double.expire_tokens()
    threads = [threading.Thread(target=link.gateway.positions) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(grants(double)) == 1


def test_a_pair_that_was_renewed_since_it_was_refused_is_not_renewed_again(link, double):
    refused = link.session.generation
    double.expire_tokens()
    assert link.session.renew()
    assert link.session.renew(refused)
    assert len(grants(double)) == 1


def test_another_process_renewed_and_this_one_takes_it_up(link, double):
    other = Session(link.wire, link.file, link.attempts, link.clock.now_ns, link.alerts.append)
    other.start()
    double.expire_tokens()
    assert other.renew()
    assert link.session.renew()
    assert len(grants(double)) == 1


def test_a_session_of_long_ago_is_renewed_at_the_start(double, tmp_path):
    link = Link(double, tmp_path)
    link.give_tokens()
    double.advance(0.9 * 691_200)
    link.gateway.connect()
    assert len(grants(double)) == 1
    link.close()


def test_a_session_that_cannot_be_renewed_stops_the_start(double, tmp_path):
    link = Link(double, tmp_path)
    link.give_tokens()
    double.configure_login(refresh_needs_person=True)
    double.advance(700_000)
    with pytest.raises(AuthenticationError, match=r"has ended \(.+\): .*; run `onetape login`"):
        link.gateway.connect()
    link.close()


def test_a_process_that_is_killed_between_a_renewal_and_its_file_leaves_a_session_that_says_so(double, tmp_path):
    """The venue takes neither the pair that is kept nor another; who starts the next process is told what may have happened."""
    Link(double, tmp_path).give_tokens()

    def renews_and_dies():
        mine = Link(double, tmp_path)
        mine.gateway.connect()
        mine.file.save = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        mine.session.renew()

    assert ended(child_of(renews_and_dies)) == -signal.SIGKILL
    double.advance(700_000)
    link = Link(double, tmp_path)
    with pytest.raises(AuthenticationError, match=r"Invalid refresh token.*was killed before it was kept; run `onetape login`"):
        link.gateway.connect()
    link.give_tokens()  # a person has logged in
    link.gateway.connect()
    assert link.gateway.account() is not None
    link.close()
