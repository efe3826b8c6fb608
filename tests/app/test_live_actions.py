"""Splits and dividends in a live session: booked when the venue shows them, and the stop is back at once."""

from __future__ import annotations

import shutil

import pytest

from framework.app.compare.compare import shadow_of_run
from framework.app.sessions.replay import replay
from framework.report.divergence import divergence
from framework.runtime.tape.store import TapeStore
from tests.app.shadows import shadows_again, shadows_on
from tests.brokers.robinhood.adapter.session import ACCOUNT
from tests.days.player import Day
from tests.memory import memory_folder

pytestmark = pytest.mark.slow

SPLIT_AT = 1_772_528_400_000_000_000  # 2026-03-03 09:00 UTC
OPENS = 1_772_548_200_000_000_000  # 14:30
FOR_TWO = {"at": "2026-03-03T09:00:00Z", "do": "split", "symbol": "AAPL", "new": 2, "old": 1}
HALVED = {"at": "2026-03-03T09:00:00Z", "symbol": "AAPL", "price": 50.0}


@pytest.fixture
def folder():
    made = memory_folder("actions-")
    yield made
    shutil.rmtree(made)


def played(folder, events=(), actions=("2026-03-03,AAPL,split,2",), prices=(HALVED,), **row):
    """A live day and the next at the double; what became of it, and the events of its tape."""
    row = {"from": "2026-03-02T13:00:00Z", "until": "2026-03-03T22:00:00Z", "actions": list(actions), "prices": list(prices), **row}
    day = Day({**row, "events": list(events)}, "live", folder)
    outcome = day.play()
    with TapeStore.attach(folder / "tape.db") as store:
        return day, outcome, list(store.events())


def of(events, *kinds):
    return [event for event in events if event.kind in kinds]


def test_a_split_is_booked_before_the_open_and_the_stop_is_back_at_its_level(folder):
    _, outcome, events = played(folder, [FOR_TWO])
    assert (outcome.held, outcome.open, outcome.alerts) == ({"AAPL": 58}, ["sell 58 AAPL stop_loss"], [])
    (booked,) = of(events, "venue_split")
    assert SPLIT_AT < booked.timestamp < OPENS
    stops = [one for one in of(events, "order_decided") if one.payload["role"] == "stop" and one.payload["symbol"] == "AAPL"]
    before, after = stops[-2], stops[-1]
    assert after.payload["quantity_micros"] == 2 * before.payload["quantity_micros"]
    assert after.payload["stop_micros"] == pytest.approx(before.payload["stop_micros"] / 2, abs=10_000)
    sent = [one for one in of(events, "venue_intent") if one.payload["order_id"] == after.payload["order_id"]]
    assert sent[0].timestamp < OPENS
    bound = [one for one in of(events, "venue_bound") if one.payload["ref"] == sent[0].payload["ref"]]
    assert bound[0].timestamp < OPENS


@pytest.mark.campaign
def test_over_a_split_nothing_is_earned_and_the_tape_decides_it_again(folder):
    _, _, events = played(folder, [FOR_TWO])
    worth = [one.payload["equity_micros"] for one in of(events, "decided")]
    assert max(worth) - min(worth) < 30_000_000  # the market moves a tenth of a percent
    assert replay(folder / "tape.db", folder).difference is None
    (first,) = [one for one in of(events, "bars_closed") if one.payload["AAPL"][6] != 1.0]
    assert first.payload["AAPL"][6] == 2.0


@pytest.mark.campaign
def test_shadows_follow_the_split_and_are_the_same_when_taken_again(folder):
    falling = {"at": "2026-03-03T17:00:00Z", "symbol": "AAPL", "price": 40.0}
    _, outcome, events = played(folder, [FOR_TWO], prices=(HALVED, falling))
    assert outcome.held == {}
    shares = [one.payload["quantity_micros"] for one in of(events, "shadow_fill") if one.payload["symbol"] == "AAPL"]
    assert shares[-1] == 58_000_000
    assert shadows_on(folder / "tape.db") == shadows_again(folder / "tape.db", folder)
    found = divergence(*shadow_of_run(folder))
    assert sum(sum(each.values()) for each in found.components.values()) == found.total


@pytest.mark.campaign
def test_what_a_fraction_has_brought_is_booked_as_that(folder):
    half = {**FOR_TWO, "new": 1, "old": 2, "whole": True}
    doubled = {**HALVED, "price": 200.0}
    paid = {"at": "2026-03-03T18:05:00Z", "do": "pay", "amount": "99.37"}
    day, outcome, events = played(folder, [half, paid], actions=["2026-03-03,AAPL,split,0.5"], prices=[doubled])
    assert outcome.alerts == []
    (in_lieu,) = of(events, "cash_in_lieu")
    assert (in_lieu.payload["quantity_micros"], in_lieu.payload["amount_micros"]) == (500_000, 99_370_000)
    book = day.simulation.engine.desk.book
    assert book.cash_micros == day.double.book()["accounts"][ACCOUNT]["cash"]


@pytest.mark.campaign
@pytest.mark.parametrize(("amount", "explained"), [("58.00", True), ("57.00", False), ("116.00", False)])
def test_a_dividend_is_what_was_announced_or_a_difference_of_cash(folder, amount, explained):
    paid = {"at": "2026-03-03T18:05:00Z", "do": "pay", "amount": amount}
    dividend = ["2026-03-03,AAPL,dividend,2"]
    day, outcome, events = played(folder, [paid], actions=dividend, prices=[{**HALVED, "price": 98.0}])
    assert [one.payload["amount_micros"] for one in of(events, "dividend_entitled")] == [58_000_000]
    assert len(of(events, "dividend_paid")) == explained
    assert ("cash_difference" in outcome.alerts) is not explained
    book = day.simulation.engine.desk.book
    assert (book.receivable_micros, book.dividends_micros) == ((0, 58_000_000) if explained else (58_000_000, 0))
    assert replay(folder / "tape.db", folder).difference is None


@pytest.mark.campaign
def test_shares_of_others_split_beside_ours_and_are_left_alone(folder):
    class Shared(Day):
        def play(self):
            self.double.give_shares(ACCOUNT, "AAPL", "11", "1100")
            return super().play()

    row = {"from": "2026-03-02T13:00:00Z", "until": "2026-03-03T22:00:00Z", "actions": ["2026-03-03,AAPL,split,2"]}
    outcome = Shared({**row, "prices": [HALVED], "events": [FOR_TWO]}, "live", folder).play()
    assert (outcome.held, outcome.open) == ({"AAPL": 58}, ["sell 58 AAPL stop_loss"])
    assert outcome.alerts == ["books: DRIFT"]  # to the checker all shares are the session's
    with TapeStore.attach(folder / "tape.db") as store:
        (booked,) = store.events(kinds=["venue_split"])
    assert booked.payload["others_micros"] == 22_000_000


@pytest.mark.campaign
def test_bars_of_a_symbol_wait_while_its_split_is_awaited(folder):
    _, outcome, events = played(folder, prices=())
    assert "split_awaited" in outcome.alerts
    late = [one for one in of(events, "bars_closed") if one.timestamp > OPENS]
    assert late
    assert not any("AAPL" in one.payload for one in late)
    assert of(events, "venue_split", "split") == []
