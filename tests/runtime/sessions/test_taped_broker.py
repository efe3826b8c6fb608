"""The broker of a session, at the moment when the tape ends and the order manager is made."""

from __future__ import annotations

import pytest

from framework.domain.order import OrderStatus, OrderType
from framework.domain.order_update import OrderUpdate
from framework.domain.values import MICRO
from framework.domain.venue import venue
from framework.engine.journal import Journal
from framework.engine.market import Market
from framework.errors import BrokerError, SafetyError
from framework.runtime.orders import events
from framework.runtime.sessions.marks import ASKED, QUESTIONED, QUOTED, RESUMED
from framework.runtime.sessions.recorded import Recorded
from framework.runtime.sessions.taped_broker import TapedBroker
from framework.runtime.sessions.taping import Taping
from framework.runtime.tape.chain import TapeEvent
from tests.builders import bars
from tests.venue.trader import SELL, order_of

MARKET = Market({"AAPL": bars("AAPL", [(1.0, 1.0, 1.0, 1.0)] * 2)}, daily=True)


class Manager:
    """Finds out something while it is made ready, and does what it is asked."""

    made = 0

    def __init__(self, listener):
        type(self).made += 1
        self.asked = []
        listener.on_update(OrderUpdate("A", 1, OrderStatus.ACCEPTED, ""))

    def cancel_order(self, order_id):
        self.asked.append(order_id)
        return True


class Engine:
    """Answers each report with a cancel of another order."""

    def __init__(self, broker):
        self.broker, self.heard = broker, []

    def on_update(self, update):
        self.heard.append(update.order_id)
        self.broker.cancel_order(f"other than {update.order_id}")


def test_what_is_found_out_while_the_order_manager_is_made_is_answered_to_that_one():
    Manager.made = 0
    broker = TapedBroker(Taping(None, Journal(), Recorded({}, 0, (), ())), venue("generic"), MARKET, Manager, lambda: 1)
    engine = Engine(broker)
    broker.subscribe(engine)
    broker.cancel_order("first")
    assert Manager.made == 1
    assert engine.heard == ["A"]
    assert broker.live().asked == ["first", "other than A"]


def test_a_quote_that_two_processes_have_asked_for_is_found_behind_both_questions():
    order, other = order_of(1), "other than S-AAPL-1-buy"
    told = events.report_payload(OrderUpdate(order.order_id, 1, OrderStatus.CANCELED, "it was"), None)
    rows = (
        (QUESTIONED, {}),
        (RESUMED, {}),
        (events.REPORT, told),
        (ASKED, {"call": "cancel", "subject": other}),
        (events.CANCEL, {"order_id": other}),
        (QUESTIONED, {}),
        (RESUMED, {}),
        (QUOTED, {"call": "quote", "subject": "AAPL", "prices": [1, 2.0, 3.0, 2.5]}),
    )
    inputs = tuple(TapeEvent(place, 1, kind, payload, None, "", 0) for place, (kind, payload) in enumerate(rows))
    taping = Taping(None, Journal(), Recorded({}, 0, inputs, ()))
    broker = TapedBroker(taping, venue("generic"), MARKET, Manager, lambda: 1)
    broker._orders[order.order_id] = order
    broker.subscribe(Engine(broker))
    assert broker.get_quote("AAPL").last == 2.5
    assert not taping.is_behind


def test_a_venue_that_does_not_answer_at_the_start_ends_the_session_whatever_was_asked():
    def nobody():
        raise BrokerError("the venue did not show the account")

    broker = TapedBroker(Taping(None, Journal(), Recorded({}, 0, (), ())), venue("generic"), MARKET, Manager, lambda: 1, nobody)
    for ask in (lambda: broker.get_quote("AAPL"), lambda: broker.cancel_order("A"), broker.go_live):
        with pytest.raises(SafetyError, match="did not show the account"):
            ask()


def test_the_level_of_a_trailing_stop_is_what_the_tape_says_it_has_come_to():
    order = order_of(2, SELL, kind=OrderType.TRAILING_STOP)
    order.stop_micros = 90 * MICRO
    rows = ((events.LEVEL, {"order_id": order.order_id, "level_micros": 108 * MICRO}), (QUESTIONED, {}))
    inputs = tuple(TapeEvent(place, 1, kind, payload, None, "", 0) for place, (kind, payload) in enumerate(rows))
    taping = Taping(None, Journal(), Recorded({}, 0, inputs, ()))
    broker = TapedBroker(taping, venue("generic"), lambda _: 1.0, Manager, lambda: 1)
    broker._orders[order.order_id] = order
    assert broker.get_order(order.order_id).stop_micros == 90 * MICRO
    broker.hear(taping.next())
    assert broker.get_order(order.order_id).stop_micros == 108 * MICRO
    assert order.stop_micros == 90 * MICRO
