"""Live sessions over a split, with faults, restarts and operator commands: shares are the venue's, and each is decided again, exactly."""

from __future__ import annotations

import random
import shutil
from collections import Counter

import pytest

from brokers.robinhood.testing.hours import REGULAR, next_window
from framework.app.sessions.replay import replay
from framework.domain.corporate_action import CorporateAction
from framework.domain.order import OrderStatus
from framework.domain.values import MICRO
from framework.runtime.loading import load_config
from framework.runtime.orders.books import OrderBooks, Phase
from framework.runtime.orders.fold import fold
from framework.runtime.orders.incidents import Code
from framework.runtime.tape.store import TapeStore
from tests.app.project import strategy, write
from tests.campaigns import size
from tests.memory import memory_folder
from tests.replays.test_replays import BODY, SIZING, STOPS
from tests.replays.world import World
from tests.venue.clock import SECOND

HOUR = 3_600 * SECOND
RATIOS = ((2, 1), (3, 2), (1, 2), (5, 1))


class Splitting(World):
    """AAPL splits in the night before a day in the middle, as was announced; whatever rests is canceled, mostly."""

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.new, self.old = self.dice.choice(RATIOS)
        days = sorted({next_window(move.at, REGULAR)[0] for move in self._moves})
        opens = days[len(days) // 2]
        since = opens - 9 * HOUR - HOUR // 2  # midnight in New York, in the winter
        self._split_at = opens - self.dice.choice([1, 20, 120, 300]) * 60 * SECOND
        self._moves = [
            one._replace(price=one.price * self.old / self.new) if one.symbol == "AAPL" and one.at >= opens - HOUR else one
            for one in self._moves
        ]
        self._moves.sort()
        self.announced = (CorporateAction("AAPL", since, split=self.new / self.old),)

    def _happen(self):
        if self.announced and self.clock.now() >= self._split_at:
            self._split()
        super()._happen()

    def _split(self):
        truth = self.venue.truth
        if self.quiet or self.dice.random() < 0.8:
            for one in [each for each in truth.open.values() if each.now.symbol == "AAPL"]:
                truth.set_status(one, OrderStatus.CANCELED)
        held = truth.shares.get("AAPL", 0)
        self.met["held"] += held > 0
        truth.shares["AAPL"] = held * self.new // self.old
        self.venue.prices["AAPL"] *= self.old / self.new
        self._split_at = 1 << 62


def played(home, seed):
    """One session; its world, and the events of its tape."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    settings = {
        "mode": "live",
        "universe": {"symbols": ["AAPL", "MSFT"]},
        "data": {"source": "csv", "path": "bars", "start": None, "end": None},
    }
    files = strategy(BODY, sizing=dice.choice(SIZING), stops=dice.choice(STOPS), limits={"max_orders_per_bar": 50}, **settings)
    write(files, home)
    world = Splitting(load_config(home / "onetape.toml"), home, dice, days=dice.randint(6, 12))
    world.quiet = seed % 3 == 0
    world.live_through()
    with TapeStore.attach(home / "tape.db") as store:
        return world, list(store.events())


def shares_of(events):
    """Micro-shares of AAPL as the tape has them."""
    orders = {event.payload["order_id"]: event.payload["order"] for event in events if event.kind == "venue_intent"}
    found = 0
    for event in events:
        told = event.payload
        if event.kind == "venue_report" and "fill" in told and orders[told["order_id"]]["symbol"] == "AAPL":
            found += told["fill"][2] * (1 if orders[told["order_id"]]["side"] == "buy" else -1)
        elif event.kind == "venue_correction" and told["symbol"] == "AAPL":
            found += told["quantity_micros"]
        elif event.kind == "venue_split" and told["quantity_micros"]:
            found = told["held_micros"]
    return found


def real_shares(world, events):
    """What the venue has of AAPL, without what has traded there since anybody looked."""
    truth = world.venue.truth
    seen = {event.payload["fill"][0] for event in events if event.kind == "venue_report" and "fill" in event.payload}
    ours = [one.now for one in truth.orders.values() if one.now.symbol == "AAPL"]
    unseen = [(one.side.sign, each) for one in ours for each in one.executions if each.execution_id not in seen]
    return truth.shares.get("AAPL", 0) - sum(sign * each.quantity_micros for sign, each in unseen)


def waits_for_a_person(events):
    """Whether an order of AAPL is lost to the end, and somebody was told that its split waits for what became of it."""
    books = OrderBooks()
    for event in events:
        fold(books, event.timestamp, event.kind, event.payload)
    lost = any(leg.phase is Phase.UNKNOWN for one in books.working() if one.order.symbol == "AAPL" for leg in one.legs)
    return lost and (Code.SPLIT_AWAITED, "AAPL") in books.incidents


@pytest.mark.campaign
def test_over_a_split_the_shares_are_the_venues_and_the_tape_decides_it_again():
    met: Counter[str] = Counter()
    count = size(40, 2_000)
    for seed in range(count):
        home = memory_folder("splits-")
        try:
            world, events = played(home, seed)
            found = replay(home / "tape.db", home)
            assert found.difference is None, f"session {seed}: {found.difference}"
            booked = [event for event in events if event.kind == "venue_split"]
            assert len(booked) <= 1, seed
            real = real_shares(world, events)
            if world.quiet and waits_for_a_person(events):
                assert not booked, seed
                met["parked"] += 1
            elif world.quiet:
                assert shares_of(events) == real, seed
            if world.quiet:
                assert not world.met["incident position_mismatch"], seed
            met += world.met
            met["booked"] += bool(booked)
            met["agree"] += abs(shares_of(events) - real) < MICRO
        finally:
            shutil.rmtree(home)
    # The sessions must have been what they are for.
    assert met["held"] > count // 4
    assert met["booked"] > met["held"] // 2
    assert met["died"] > count // 10
    assert met["agree"] > count * 3 // 4
    assert met["parked"] <= count // 50
