"""A live session whose process died is brought back by its tape, goes on where it was, and nothing is sent twice."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest

from data import Dataset
from framework.app.assembly.assemble import rehearsed
from framework.app.sessions.session import Hooks, header, play_session
from framework.domain.order import OrderRole, OrderStatus
from framework.domain.values import MICRO
from framework.errors import PartedError, TapeError
from framework.runtime.clock import Stopwatch
from framework.runtime.config import Config
from framework.runtime.sessions.live_desk import LiveDesk, Surroundings
from framework.runtime.tape.store import TapeStore
from tests.builders import PLAIN, Scripted, bars
from tests.campaigns import size
from tests.kills.checker import violations
from tests.runtime.orders.test_engine import RATES, STOPS
from tests.venue.market import match
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.trader import DESK

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


@pytest.fixture
def tape():
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder) / "tape.db"


class Process:
    """One life of a session on the bars of ``prices``, the first of them known before."""

    def __init__(self, tape, venue, script, prices, *, writes=None, dice=None, **config):
        self.tape, self.venue, self.prices = tape, venue, prices
        self.writes, self.dice, self.faults = writes, dice, False
        tree = {**PLAIN, **{name: {**PLAIN.get(name, {}), **value} for name, value in config.items()}}
        self.config = Config.model_validate({**tree, "mode": "live", "universe": {"symbols": ["AAPL"]}})
        self.strategy = Scripted(script)
        self.desk = LiveDesk(venue, Surroundings(DESK, venue.truth.clock, lambda at: at, lambda _: None))
        self.simulation = self.turns = None

    def play(self, until=None):
        """Live until all bars are through, or the store writes no more."""
        series = bars("AAPL", [(price, price, price, price) for price in self.prices])
        coming = rehearsed(Dataset({"AAPL": series}, int(series.timestamp[1]), (), {}))
        hooks = Hooks(on_begin=self.begin, venue=self.desk.broker_of, now=self.venue.truth.clock.now)
        with TapeStore.open(self.tape, header=header(self.config, self.strategy)) as store:
            if self.writes is not None:
                dies_after(store, self.writes)
            arriving = coming._replace(arriving=self.lived(coming.arriving, until))
            play_session(self.config, self.strategy, arriving, store, Stopwatch(), hooks)

    def begin(self, turns, simulation):
        self.turns, self.simulation = turns, simulation
        self.desk.serve(simulation.engine)

    def lived(self, arriving, until):
        """Between two bars the market trades and the process looks."""
        for number, arrival in enumerate(arriving):
            if number == until:
                return
            if arrival.timestamp > self.turns.now:
                if self.faults:
                    mislead(self.venue, self.dice)
                self.look(arrival.timestamp, float(self.prices[number + 1]))
            yield arrival
        self.venue.faults.clear()
        self.venue.thaw()
        for _ in range(4):
            self.look(self.turns.now, float(self.prices[-1]), share=0.0)

    def look(self, closes, price, share=1.0):
        self.venue.prices["AAPL"] = price
        if share:
            match(self.venue, share if self.dice is None else self.dice.choice([0.3, 1.0]))
        self.turns.forming(closes)
        for _ in range(3):
            self.venue.truth.clock.advance(3)
            self.desk.manager.poll()
            assert self.venue.truth.free("AAPL") >= 0

    @property
    def engine(self):
        return self.simulation.engine

    def known(self):
        """What the process knows and has decided."""
        orders = [(order.order_id, order.status, order.leaves_micros) for order in self.engine.desk.blotter.of()]
        return self.simulation.journal.decisions_hash, self.engine.desk.book, orders


def dies_after(store, writes):
    """The process ends at its next write but ``writes``: nothing after it is written or known."""
    append, left = store.append, iter(range(writes))

    def failing(*args):
        if next(left, None) is None:
            raise TapeError("the process is dead")
        return append(*args)

    store.append = failing


def mislead(venue, dice):
    for kind, row in RATES.items():
        for _ in range(3):
            venue.script(kind, dice.choice(row) if dice.random() < 0.3 else Fault.NONE)


def script(seed):
    """Decides by the bar alone, as a strategy does."""

    def act(ctx):
        dice = random.Random(seed * 1_000 + int(ctx.now.timestamp()) // 86_400)
        what, price = dice.random(), float(ctx.bars("AAPL").close[-1])
        if what < 0.35:
            ctx.bracket("AAPL", dice.randint(1, 20), take_profit=round(price * 1.03, 2), stop_loss=round(price * 0.97, 2))
        elif what < 0.55:
            ctx.target("AAPL", dice.choice([0.0, 0.3, 0.6]))
        elif what < 0.65:
            ctx.close("AAPL")
        elif what < 0.75:
            ctx.sell("AAPL", dice.randint(1, 9))

    return act


def prices_of(seed, count=12):
    dice, prices = random.Random(seed), [100.0, 100.0]
    for _ in range(count - 1):
        prices.append(round(prices[-1] * dice.uniform(0.96, 1.04), 2))
    return prices


def agree(process):
    """Engine and venue have the same shares and the same money."""
    held = {name: one.quantity_micros for name, one in process.engine.desk.book.positions.items() if one.quantity_micros}
    assert held == {name: count for name, count in process.venue.truth.shares.items() if count}
    assert process.engine.desk.book.cash_micros - 100_000 * MICRO == process.venue.truth.cash


TRAILING = {"stops": {"attach": "entries", "method": "trailing", "trail_percent": 2.0}}


@pytest.mark.slow
@pytest.mark.parametrize(("faults", "stops"), [(False, STOPS), (True, STOPS), (True, TRAILING)])
@pytest.mark.parametrize("seed", range(size(8, 500)))
def test_a_session_that_dies_again_and_again_is_brought_back_each_time(tape, seed, faults, stops):
    venue, dice = ScriptedVenue(), random.Random(seed)
    for writes in (*(dice.randint(5, 60) for _ in range(4)), None):
        process = Process(tape, venue, script(seed), prices_of(seed), writes=writes, dice=dice, **stops)
        process.faults = faults
        try:
            process.play()
        except TapeError as error:
            assert "the process is dead" in str(error)  # noqa: PT017 - a tape that cannot be gone on with is one, too
            venue.faults.clear()
    agree(process)
    assert violations(tape, venue.truth) == []
    again = Process(tape, venue, script(seed), prices_of(seed), **stops)
    again.play(until=0)
    assert again.known() == process.known()


def test_a_stop_that_was_not_placed_when_the_process_died_is_placed_by_the_next(tape):
    venue, act = ScriptedVenue(), {0: lambda ctx: ctx.bracket("AAPL", 10, stop_loss=90)}
    first = Process(tape, venue, act, [100] * 4)
    fold = venue.orders

    def filled_and_dead(since):
        """The entry fills, its fill goes on the tape, and the process dies before the stop does."""
        (entry,) = venue.truth.open.values()
        venue.truth.fill(entry, 10 * MICRO, 100 * MICRO)
        venue.orders = fold
        dies_after(first.desk.manager._recorder.store._store, 1)
        return fold(since)

    before = first.look

    def look(closes, price, **_):
        if venue.truth.open:
            venue.orders = filled_and_dead
        before(closes, price, 0.0)

    first.look = look
    with pytest.raises(TapeError, match="dead"):
        first.play()
    assert not venue.truth.open
    assert venue.truth.shares["AAPL"] == 10 * MICRO
    second = Process(tape, venue, act, [100] * 4)
    second.play(until=0)
    (stop,) = venue.truth.open.values()
    assert (stop.now.stop_micros, stop.now.quantity_micros) == (90 * MICRO, 10 * MICRO)
    (working,) = second.engine.desk.blotter.of("AAPL")
    assert (working.role, working.status) == (OrderRole.STOP, OrderStatus.ACCEPTED)
    agree(second)


def test_a_session_that_decides_otherwise_than_its_tape_is_stopped(tape):
    venue = ScriptedVenue()
    Process(tape, venue, {0: lambda ctx: ctx.buy("AAPL", 1), 1: lambda ctx: ctx.buy("AAPL", 1)}, [100] * 4).play()
    with pytest.raises(PartedError):
        Process(tape, venue, {0: lambda ctx: ctx.sell("AAPL", 1), 1: lambda ctx: ctx.buy("AAPL", 1)}, [100] * 4).play()


def test_an_exit_decided_while_a_person_has_to_log_in_is_sent_when_they_have(tape):
    venue, act = ScriptedVenue(), {0: lambda ctx: ctx.bracket("AAPL", 10, stop_loss=90), 2: lambda ctx: ctx.close("AAPL")}
    one = Process(tape, venue, act, [100] * 6)

    def lived(arriving, _until):
        for number, arrival in enumerate(arriving):
            one.look(arrival.timestamp, 100.0)
            venue.connected = number != 2
            venue.script("cancel", *[Fault.NOT_AUTHENTICATED] * (number == 2))
            yield arrival
        one.look(one.turns.now, 100.0)
        one.look(one.turns.now, 100.0)

    one.lived = lived
    one.play()
    assert venue.truth.shares.get("AAPL", 0) == 0
    assert not venue.truth.open
    agree(one)
    again = Process(tape, venue, act, [100] * 6)
    again.play(until=0)
    assert again.known() == one.known()
