"""The broker of a session, at the moment when the tape ends and the order manager is made."""

from __future__ import annotations

from framework.domain.order import OrderStatus, OrderUpdate
from framework.domain.venue import venue
from framework.engine.journal import Journal
from framework.runtime.sessions.recorded import Recorded
from framework.runtime.sessions.taped_broker import TapedBroker
from framework.runtime.sessions.taping import Taping


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
    broker = TapedBroker(Taping(None, Journal(), Recorded({}, 0, (), ())), venue("generic"), lambda _: 1.0, Manager, lambda: 1)
    engine = Engine(broker)
    broker.subscribe(engine)
    broker.cancel_order("first")
    assert Manager.made == 1
    assert engine.heard == ["A"]
    assert broker.live().asked == ["first", "other than A"]
