"""What the engine asks in reply to a report stands between a question and its answer, and a process may die at any write of it, twice."""

from __future__ import annotations

import tempfile
from itertools import product
from pathlib import Path

import pytest

from framework.domain.order import OrderStatus
from framework.domain.order_update import OrderUpdate
from framework.domain.values import MICRO
from framework.domain.venue import venue as rules_of
from framework.engine.journal import Journal
from framework.errors import BrokerError, PartedError, TapeError
from framework.rules import limits
from framework.runtime.orders import events
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.policy import OrderPolicy
from framework.runtime.sessions.marks import ANSWERED, ASKED, RESUMED
from framework.runtime.sessions.recorded import Recorded, recorded
from framework.runtime.sessions.taped_broker import TapedBroker
from framework.runtime.sessions.taping import Taping
from framework.runtime.tape.chain import TapeEvent
from framework.runtime.tape.store import TapeStore
from tests.runtime.sessions.test_coming_back import dies_after
from tests.venue.scripted import ScriptedVenue
from tests.venue.trader import DESK, HEADER, order_of

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
FIRST, SECOND = order_of(1), order_of(2, price=99.0)


class Life:
    """One process. Its engine places two orders, takes the first back, and cancels the second one when it hears that the first has filled.

    ``answers`` is what it was told to each question.
    """

    def __init__(self, tape, venue, writes=None):
        self.venue, self.answers = venue, []
        with TapeStore.open(tape, header=HEADER) as store:
            known = recorded(store.events())
            if writes is not None:
                dies_after(store, writes)
            self.taping = Taping(store, Journal(), known)
            self.broker = TapedBroker(self.taping, rules_of("generic"), lambda _: 1.0, self.live, venue.truth.clock.now, self.ready)
            self.broker.subscribe(self)
            self.turn()

    def live(self, listener):
        self.manager = OrderManager(self.venue, self.taping, DESK, self.venue.truth.clock, OrderPolicy())
        self.manager.subscribe(listener)
        return self.manager

    def ready(self):
        self.manager.connect()
        assert self.manager.reconcile().succeeded

    def turn(self):
        for order in (FIRST, SECOND):
            self.ask("place", order.order_id, lambda one=order: self.broker.place_order(limits.approved_before(one, one.order_type)))
        first = self.venue.truth.by_client_id(self.manager.books.tracked[FIRST.order_id].legs[0].ref) if self.broker._live else None
        if first is not None and first.is_open:
            self.venue.truth.fill(first, 10 * MICRO, 100 * MICRO)
        self.ask("hold", FIRST.order_id, lambda: self.broker.hold_order(FIRST.order_id))
        self.taping.over(1, 0, 0)

    def ask(self, call, subject, act):
        try:
            self.answers.append((call, subject, act() is not False))
        except BrokerError as error:
            self.answers.append((call, subject, str(error)))

    def on_update(self, update):
        if (update.order_id, update.status) == (FIRST.order_id, OrderStatus.FILLED):
            self.ask("cancel", SECOND.order_id, lambda: self.broker.cancel_order(SECOND.order_id))

    def on_account(self, event):
        raise AssertionError(event)


def died_in_between(tape):
    """Whether another question, asked in reply, stands between a question and the answer to it."""
    with TapeStore.attach(tape) as store:
        kinds = [event.kind for event in store.events() if event.kind in {ASKED, ANSWERED}]
    return (ASKED, ASKED, ANSWERED) in zip(kinds[2:], kinds[3:], kinds[4:], strict=False)


def test_a_session_that_dies_twice_around_a_question_in_a_question_is_told_the_same_again():
    nested = 0
    for first, second in product(range(6, 13), range(1, 5)):
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            tape, venue = Path(folder) / "tape.db", ScriptedVenue()
            for writes in (first, second, None):
                try:
                    last = Life(tape, venue, writes)
                except TapeError as error:
                    assert "the process is dead" in str(error)  # noqa: PT017 - a tape that parts is an error of it, too
            assert Life(tape, venue).answers == last.answers
            nested += died_in_between(tape)
    assert nested >= 2


@pytest.mark.parametrize("named", [True, False])
def test_an_answer_belongs_to_the_question_it_names_and_in_older_tapes_to_the_last_one(named):
    said = {"done": False, "raised": None} | ({"ask": 1, "call": "cancel", "subject": "S-AAPL-9-buy"} if named else {})
    rows = ((ASKED, {"call": "cancel", "subject": "S-AAPL-9-buy"}), (ANSWERED, said))
    assert not replayed(rows).cancel_order("S-AAPL-9-buy")


def test_an_answer_to_another_question_is_not_taken():
    rows = (
        (ASKED, {"call": "cancel", "subject": "S-AAPL-9-buy"}),
        (ANSWERED, {"done": False, "raised": None, "ask": 1, "call": "hold", "subject": "S-AAPL-9-buy"}),
    )
    with pytest.raises(PartedError, match="the tape answers to hold S-AAPL-9-buy"):
        replayed(rows).cancel_order("S-AAPL-9-buy")


def test_the_answer_to_the_outer_question_is_kept_for_it():
    told = events.report_payload(OrderUpdate(FIRST.order_id, 1, OrderStatus.CANCELED, "it was"), None)
    rows = (
        (ASKED, {"call": "cancel", "subject": FIRST.order_id}),
        (RESUMED, {}),
        (events.REPORT, told),
        (ASKED, {"call": "cancel", "subject": SECOND.order_id}),
        (RESUMED, {}),
        (events.CANCEL, {"order_id": SECOND.order_id, "reason": "asked"}),
        (ANSWERED, {"ask": 1, "call": "cancel", "subject": FIRST.order_id, "done": False, "raised": None}),
    )
    broker, inner = replayed(rows), []

    class Reacting:
        def on_update(self, _):
            inner.append(broker.cancel_order(SECOND.order_id))

    broker._orders[FIRST.order_id] = FIRST
    broker.subscribe(Reacting())
    assert not broker.cancel_order(FIRST.order_id)
    assert inner == [True]


def replayed(rows):
    """A broker whose tape has ``rows``, and nobody behind it."""
    inputs = tuple(TapeEvent(place, 1, kind, payload, None, "", 0) for place, (kind, payload) in enumerate(rows))
    taping = Taping(None, Journal(), Recorded({}, 0, inputs, ()))

    def nobody(_):
        raise AssertionError("the tape knows it all")

    return TapedBroker(taping, rules_of("generic"), lambda _: 1.0, nobody, lambda: 1)
