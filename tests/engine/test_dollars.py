"""What dollars buy: shares at the last close, on the venue's lot, never for more than was said."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO, notional
from framework.errors import InvalidOrderError
from tests.builders import bars, play, still


def asked(dollars, price=100.0, **config):
    """What ``shares_for`` says at the first close."""
    found = {}
    play({1: lambda ctx: found.update(shares=ctx.shares_for("A", dollars))}, bars("A", still(price, 3)), **config)
    return found["shares"]


@given(st.integers(1, 10**12), st.integers(1, 2_000_00))
def test_dollars_buy_as_many_lots_as_they_are_worth_and_not_one_more(micros, cents):
    shares = round(asked(Decimal(micros) / MICRO, cents / 100) * MICRO)
    price = cents * 10_000
    assert shares * price <= micros * MICRO
    assert (shares + 1) * price > micros * MICRO


def test_where_a_share_cannot_be_divided_they_are_whole():
    assert asked(250, broker={"name": "robinhood"}) == 2
    assert asked(99, broker={"name": "robinhood"}) == 0


def test_where_it_can_a_part_is_bought_and_costs_what_was_said():
    def buy(ctx):
        ctx.buy("A", ctx.shares_for("A", 250), time_in_force="day")

    broker, orders = {"name": "robinhood", "fractional": True}, {"time_in_force": "day"}
    played = play({1: buy}, bars("A", still(100, 4)), broker=broker, orders=orders)
    (fill,) = played.simulation.journal.fills
    assert (fill.quantity, notional(fill.quantity_micros, 100 * MICRO)) == (Decimal("2.5"), 250 * MICRO)


@pytest.mark.parametrize("dollars", [0, -5, float("nan"), float("inf"), None])
def test_what_is_no_amount_is_refused(dollars):
    with pytest.raises(InvalidOrderError, match="dollars"):
        asked(dollars)


def test_an_unknown_symbol_is_refused():
    with pytest.raises(InvalidOrderError, match="not in the universe"):
        play({1: lambda ctx: ctx.shares_for("B", 5)}, bars("A", still(100, 3)))
