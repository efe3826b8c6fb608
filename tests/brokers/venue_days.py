"""A strategy's orders at a venue with rules."""

from __future__ import annotations

from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from framework.domain.order import Order, OrderSide, OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.domain.venue import venue
from framework.engine.market import Market
from framework.rules import lifecycle, limits
from tests.brokers.venues import DOOR, WIDE_OPEN
from tests.builders import bars, play, still

ROBINHOOD = {"name": "robinhood"}


def buy(quantity=10, *terms, **more):
    return lambda ctx: ctx.buy("A", quantity, *terms, **more)


def on(script, *rows, **config):
    return play(script, bars("A", [*still(), *rows]), **{"broker": ROBINHOOD, **config})


def placed(order_id, quantity=10, side=OrderSide.SELL, held=10, kind=OrderType.LIMIT, status=OrderStatus.SUBMITTED, **fields):
    """An order that limits of another venue have approved."""
    fields = {"limit_micros": 110 * MICRO} | fields if kind is OrderType.LIMIT else fields
    asked = Order(order_id, "A", side, round(quantity * MICRO), kind, 0, **fields)
    passed, refusal = limits.check(asked, WIDE_OPEN._replace(held=held * MICRO), DOOR)
    assert passed is not None, refusal
    lifecycle.change(passed.order, status, 0)
    return passed


def venue_with_shares():
    """A venue at which 10 A are held, bought at 100."""
    series = bars("A", still(100, 50))
    market = Market({"A": series}, daily=True)
    market.cursor[0], market.now = 0, int(series.timestamp[0])
    opened = SimulatedBroker(market, venue("robinhood"), 10_000 * MICRO, FillModel(volume_share=0.0), lambda time: (time - 1, time))
    opened.connect()
    opened.place_order(placed("entry", side=OrderSide.BUY, held=0, kind=OrderType.MARKET))
    market.cursor[0], market.now = 1, int(series.timestamp[1])
    opened.on_slice([0])
    assert opened.get_positions()[0].quantity_micros == 10 * MICRO
    return opened
