"""What the venue's account can pay, under every fee schedule and with prices that depend on the quantity."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.account import VenueAccount
from framework.domain.fill import Fill
from framework.domain.order import Order, OrderSide, OrderType
from framework.domain.values import MICRO, notional
from framework.domain.venue import VENUES
from framework.engine.market import Market
from tests.builders import bars, still
from tests.rules.costs.schedules import schedules

quantities = st.integers(1, 2_000)


def account(venue, schedule, cash, held=0):
    """An account at a market where A trades at 100 dollars; ``held`` shares, signed, came for nothing."""
    market = Market({"A": bars("A", still(100, 2))}, daily=True)
    market.cursor[0], market.now = 1, int(market.series[0].timestamp[1])
    opened = VenueAccount(market, venue, schedule, cash)
    if held:
        side = OrderSide.BUY if held > 0 else OrderSide.SELL
        opened.post(Fill("x", "o", market.now, "A", side, abs(held) * MICRO, 0, 0, 0))
    return opened


def order(side, shares):
    return Order("o", "A", side, shares * MICRO, OrderType.MARKET, 0)


@given(
    st.sampled_from([VENUES["generic"], VENUES["robinhood"]]),
    schedules,
    st.integers(0, 2 * 10**11),
    quantities,
    st.integers(0, 10**6),
    st.integers(-50, 50),
)
def test_a_buy_never_costs_more_than_the_cash_and_one_lot_more_would(venue, schedule, cash, shares, each, held):
    one, wanted = order(OrderSide.BUY, shares), shares * MICRO
    opened = account(venue, schedule, cash, held if venue.shorting else 0)
    cover = min(shares, max(-held, 0)) * MICRO if venue.shorting else 0

    def prices(quantity):
        return 100 * MICRO + each * quantity // (10**8)

    def cost(quantity):
        return notional(quantity, prices(quantity)) + opened.fees(one, quantity, prices(quantity))

    paid = opened.payable(one, prices, wanted)
    assert cover <= paid <= wanted
    assert (paid - cover) % venue.lot_micros == 0
    # A short is covered whatever it costs.
    assert paid == cover or cost(paid) <= cash
    assert paid == wanted or cost(paid + venue.lot_micros) > cash


@given(schedules, quantities, st.integers(0, 50))
def test_selling_what_is_held_needs_no_cash(schedule, shares, held):
    def prices(_):
        return MICRO

    one = order(OrderSide.SELL, shares)
    # What is sold beyond that is a short sale, which takes as much as it brings: here what the sale before it has brought.
    assert (
        min(shares, held) * MICRO <= account(VENUES["generic"], schedule, 0, held).payable(one, prices, shares * MICRO) <= 2 * held * MICRO
    )
    assert account(VENUES["robinhood"], schedule, 0, held).payable(one, prices, shares * MICRO) == min(shares, held) * MICRO
