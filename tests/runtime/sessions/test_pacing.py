"""How often a live session looks at its venue is the config's to say."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from framework.domain.order import OrderRole, OrderType
from framework.domain.values import MICRO
from framework.engine.journal import Journal
from framework.errors import ConfigError
from framework.rules import limits
from framework.runtime.loading import validated
from framework.runtime.orders.incidents import Code
from framework.runtime.session_config import SessionSection
from framework.runtime.sessions.live_desk import LiveDesk, Pacing, Surroundings, paced
from framework.runtime.sessions.recorded import recorded
from framework.runtime.sessions.taping import Taping
from framework.runtime.sessions.upkeep import Upkeep
from framework.runtime.tape.store import TapeStore
from tests.venue.scripted import ScriptedVenue
from tests.venue.trader import DESK, HEADER, SELL, order_of

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
BASE = {"strategy": {"class": "a:B"}, "universe": {"symbols": ["AAPL"]}}


class Desk:
    """The venue's side of a session that decides nothing by itself."""

    def __init__(self, store, venue, **section):
        self.venue, self.clock, self.incidents = venue, venue.truth.clock, []
        around = Surroundings(DESK, self.clock, lambda at: at, self.incidents.append)
        self.desk = LiveDesk(venue, paced(around, SessionSection(**section)))
        taping = Taping(store, Journal(), recorded(store.events()))
        self.broker = self.desk.broker_of(taping, SimpleNamespace(last_price=lambda _: 100.0))
        self.broker.go_live()
        self.upkeep = Upkeep()
        self.upkeep.take_on(self.desk.jobs(SimpleNamespace(forming=lambda _: None), lambda: 1))

    def requests_in(self, seconds, kind="orders"):
        """So many requests of a kind are made in so many seconds."""
        before = self.venue.requests.get(kind, 0)
        for _ in range(round(seconds * 4)):
            self.clock.advance(0.25)
            self.upkeep(self.clock.now())
        return self.venue.requests.get(kind, 0) - before

    def codes(self):
        return [one.code for one in self.incidents]

    def place(self, order):
        self.broker.place_order(limits.approved_before(order, order.order_type))


@pytest.fixture
def opened():
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder, TapeStore.open(Path(folder) / "tape.db", header=HEADER) as store:
        yield lambda **section: Desk(store, ScriptedVenue(), **section)


@pytest.mark.parametrize(
    ("section", "idle", "working", "compared"), [({}, 20, 200, 2), ({"look_seconds": 1, "idle_look_seconds": 60}, 10, 600, 2)]
)
def test_it_is_looked_as_often_as_the_config_says(opened, section, idle, working, compared):
    desk = opened(**section)
    assert desk.requests_in(600) == pytest.approx(idle + compared, abs=2)
    desk.place(order_of(1))
    assert desk.requests_in(600) == pytest.approx(working + compared, abs=2)


def test_positions_are_compared_as_often_as_the_config_says(opened):
    desk = opened(compare_seconds=20)
    assert desk.requests_in(600, "positions") == pytest.approx(30, abs=1)


@pytest.mark.parametrize("limit", [5, 40])
def test_a_bare_position_is_noticed_in_its_time_although_no_order_works(opened, limit):
    desk = opened(unprotected_seconds=limit, idle_look_seconds=600)
    desk.place(order_of(1))
    desk.venue.truth.fill(next(iter(desk.venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
    desk.requests_in(6)
    stop = order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP)
    desk.place(stop)
    desk.requests_in(6)
    desk.broker.cancel_order(stop.order_id)
    desk.requests_in(limit - 2)
    assert Code.UNPROTECTED not in desk.codes()
    desk.requests_in(8)
    assert Code.UNPROTECTED in desk.codes()
    assert desk.requests_in(60) == 0  # told: there is nothing more to look often for


def test_left_out_they_are_what_they_were():
    assert Pacing.of(SessionSection()) == Pacing()


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"look_seconds": 0.5}, "look_seconds"),
        ({"look_seconds": 61}, "look_seconds"),
        ({"look_seconds": True}, "true or false"),
        ({"look_seconds": 20, "idle_look_seconds": 10}, "idle_look_seconds = 10 is below look_seconds = 20"),
        ({"compare_seconds": 4}, "compare_seconds"),
        ({"compare_seconds": float("nan")}, "compare_seconds"),
        ({"patience_seconds": 0}, "patience_seconds"),
        ({"unprotected_seconds": 301}, "unprotected_seconds"),
        ({"look_second": 3}, "look_seconds"),
    ],
)
def test_a_time_out_of_its_range_is_refused_by_its_name(section, said):
    with pytest.raises(ConfigError, match=said):
        validated({**BASE, "session": section}, "c.toml")
