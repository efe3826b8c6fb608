"""An engine whose process died is brought back by its tape, goes on where it was, and nothing is sent twice."""

from __future__ import annotations

import random

import pytest

from framework.domain.order import OrderRole, OrderStatus
from framework.domain.values import MICRO
from framework.errors import InvariantError, TapeError
from framework.runtime.orders.resuming import Resumed
from framework.runtime.tape.chain import NewEvent
from tests.campaigns import size
from tests.kills.checker import violations
from tests.runtime.orders.test_engine import RATES, STOPS, Live, agree
from tests.venue.scripted import Fault, ScriptedVenue

SECOND = 10**9


class Session(Live):
    """A process that writes down what arrives before it decides, and that it has decided; a later one is brought back by that."""

    def __init__(self, tape, venue, script, prices, **config):
        super().__init__(tape, venue, script, prices, wrap=lambda manager, store: Resumed(manager, venue, store), **config)
        marks = [(event.kind, event.payload["number"], event.sequence) for event in self.store.events(kinds={"bars", "decided"})]
        ends = {number: sequence for kind, number, sequence in marks if kind == "decided"}
        self.next = 0
        for kind, number, sequence in marks:
            if kind == "bars":
                self.broker.tell_until(sequence)
                self.broker.in_slice(ends.get(number))
                self.decide(number)
                if number not in ends:
                    self.mark("decided", number)
                self.next = number + 1
        self.broker.tell_until(None)
        assert self.broker.is_live
        while not self.manager.reconcile().succeeded:
            pass

    def reconciled(self):
        """Not before the engine is back."""

    def mark(self, kind, number):
        self.store.append([NewEvent(self.times[number], kind, {"number": number})])

    def decide(self, number):
        self.market.cursor[0] = number
        self.market.now = self.times[number]
        self.market.on_bars([0])
        self.engine.on_slice(self.times[number])

    def on_slice(self, number):
        self.mark("bars", number)
        self.decide(number)
        self.mark("decided", number)


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
    dice, prices = random.Random(seed), [100.0]
    for _ in range(count - 1):
        prices.append(round(prices[-1] * dice.uniform(0.96, 1.04), 2))
    return prices


def dies_after(session, writes):
    """The process ends at its next write but ``writes``: nothing after it is written or known."""
    append, left = session.store.append, iter(range(writes))

    def failing(*args):
        if next(left, None) is None:
            raise TapeError("the process is dead")
        return append(*args)

    session.store.append = failing


def live_on(tape, venue, seed, dice, faults):
    """Processes that die one after the other until all bars are through; returns the last."""
    prices = prices_of(seed)
    while True:
        session = Session(tape, venue, script(seed), prices, **STOPS)
        dies_after(session, dice.randint(5, 60))
        try:
            for number in range(session.next, len(prices)):
                for kind, row in RATES.items():
                    for _ in range(3 if faults else 0):
                        venue.script(kind, dice.choice(row) if dice.random() < 0.3 else Fault.NONE)
                session.bar(number, dice)
        except TapeError:
            venue.faults.clear()
            session.close()
            continue
        del session.store.append
        return session


@pytest.mark.slow
@pytest.mark.parametrize("faults", [False, True])
@pytest.mark.parametrize("seed", range(size(12, 500)))
def test_an_engine_that_dies_again_and_again_is_brought_back_each_time(tape, seed, faults):
    venue, dice = ScriptedVenue(), random.Random(seed)
    session = live_on(tape, venue, seed, dice, faults)
    session.rest()
    agree(session)
    assert violations(tape, venue.truth) == []
    before = (session.journal.decisions_hash, session.book, [order.order_id for order in session.engine.desk.blotter.of()])
    session.close()
    again = Session(tape, venue, script(seed), prices_of(seed), **STOPS)
    assert (again.journal.decisions_hash, again.book, [order.order_id for order in again.engine.desk.blotter.of()]) == before
    again.close()


def test_a_stop_that_was_not_placed_when_the_process_died_is_placed_by_the_next(tape):
    venue = ScriptedVenue()
    act = {0: lambda ctx: ctx.bracket("AAPL", 10, stop_loss=90)}
    first = Session(tape, venue, act, [100] * 4)
    first.bar(0)
    (entry,) = venue.truth.open.values()
    venue.truth.fill(entry, 10 * MICRO, 100 * MICRO)
    dies_after(first, 1)  # the fill is on the tape, the stop is not
    with pytest.raises(TapeError):
        first.manager.poll()
    first.close()
    assert not venue.truth.open
    second = Session(tape, venue, act, [100] * 4)
    (stop,) = venue.truth.open.values()
    assert (stop.now.stop_micros, stop.now.quantity_micros) == (90 * MICRO, 10 * MICRO)
    assert [order.status for order in second.working(OrderRole.STOP)] == [OrderStatus.ACCEPTED]
    agree(second)
    second.close()


def test_an_engine_that_decides_otherwise_than_its_tape_is_stopped(tape):
    venue = ScriptedVenue()
    first = Session(tape, venue, {0: lambda ctx: ctx.buy("AAPL", 1), 1: lambda ctx: ctx.buy("AAPL", 1)}, [100] * 3)
    first.bar(0)
    first.bar(1)
    first.close()
    with pytest.raises(InvariantError, match="it decides otherwise than it did"):
        Session(tape, venue, {0: lambda ctx: ctx.sell("AAPL", 1), 1: lambda ctx: ctx.buy("AAPL", 1)}, [100] * 3)
