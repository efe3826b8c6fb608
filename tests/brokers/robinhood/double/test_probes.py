"""The probes a person runs on a real account, against doubles that behave one way and the other."""

from __future__ import annotations

import pytest

from brokers.robinhood.probe_bench import ProbeBench, ProbeSubject
from brokers.robinhood.probes import dedupe_of, listing_lag_of, run_probes
from brokers.robinhood.testing import ACCOUNT
from brokers.robinhood.testing.clock import SECOND
from tests.brokers.robinhood.double.client import SESSION

pytestmark = pytest.mark.usefixtures("client")


def bench_at(double, run="first"):
    stock = double.venue.market.listings["AAPL"].id
    subject = ProbeSubject(ACCOUNT, "AAPL", stock, "50.00", "49.00", "200.00")
    return ProbeBench(SESSION, subject, double.advance, lambda: double.venue.clock.now() / SECOND, run)


def answers(double, *, with_orders=True):
    return {one.probe: one.answer for one in run_probes(bench_at(double), with_orders=with_orders)}


def open_orders(double):
    double.advance(5)
    return [order for order in double.book()["orders"] if order["state"] not in {"cancelled", "filled", "rejected"}]


def test_a_venue_as_it_is_believed_to_be(double):
    double.give_shares(ACCOUNT, "AAPL", "3", "270")
    found = answers(double)
    lag = found.pop("P6")
    assert found == {
        "P1": "refused",
        "P2": "refused",
        "P3": "refused",
        "P4": "refused",
        "P5": "everywhere",
        "P7": "none seen",
        "P8": "refused",
        "P9": "refused",
        "P10": "400 0 404",
        "P11": "refused",
        "P12": "inclusive, newest first",
    }
    assert lag.endswith(" s")
    assert float(lag.removesuffix(" s")) < 1


def test_without_orders_only_what_reads_is_asked(double):
    double.place_by_hand(ACCOUNT, "F", side="buy", quantity="1")
    double.place_by_hand(ACCOUNT, "F", side="buy", quantity="2")
    found = answers(double, with_orders=False)
    assert {name for name, answer in found.items() if answer != "not asked"} == {"P5", "P7", "P12"}
    assert (found["P5"], found["P12"]) == ("nowhere", "inclusive, newest first")
    assert double.counts()["order_posts"] == 0


def test_a_venue_that_takes_an_order_twice_is_found_out(double):
    double.configure(dedupe=False)
    found = run_probes(bench_at(double), with_orders=True)
    assert [one.answer for one in found if one.probe in {"P1", "P2", "P3", "P4"}] == ["placed again"] * 4
    assert dedupe_of(found) == "absent"
    assert open_orders(double) == []


def test_only_answers_prove_that_orders_are_taken_once(double):
    assert dedupe_of(run_probes(bench_at(double), with_orders=True)) == "proven"
    assert dedupe_of(run_probes(bench_at(double, "second"), with_orders=False)) == "assumed"
    double.fault(path="/orders/", method="POST", handled="no", status=503, times=99)
    assert dedupe_of(run_probes(bench_at(double, "third"), with_orders=True)) == "assumed"


def test_an_order_that_was_taken_and_answered_with_an_error_is_canceled_too(double):
    double.fault(path="/orders/", method="POST", handled="yes", status=503, times=99)
    run_probes(bench_at(double), with_orders=True)
    assert double.counts()["order_posts"] > 0
    assert open_orders(double) == []


def test_a_listing_that_lags_is_measured(double):
    double.configure(listing_lag=20)
    found = run_probes(bench_at(double), with_orders=True)
    assert 20 <= listing_lag_of(found) < 25
    double.configure(listing_lag=10_000)
    assert listing_lag_of(run_probes(bench_at(double, "second"), with_orders=True)) is None


def test_everything_that_was_placed_is_canceled_and_nothing_is_bought(double):
    answers(double)
    assert open_orders(double) == []
    assert double.book()["accounts"][ACCOUNT]["cash"] == 100_000_000_000


def test_what_is_written_down_shows_no_account(double):
    found = run_probes(bench_at(double), with_orders=True)
    assert ACCOUNT not in str(found)
    assert any("ref_id" in line for line in found[0].evidence)


def test_a_throttled_answer_is_remembered(double):
    double.throttle(20, 600, hint=True)
    assert answers(double)["P7"] == "header and body"
