"""Money that no trade of ours has moved is told, and stays open until a person has said what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO
from framework.rules.cash import CashKind, kind_of
from framework.runtime.orders.freezing import freeze, thaw
from framework.runtime.orders.incidents import Code, Effect
from tests.venue.scripted import Fault
from tests.venue.trader import SELL, Trader, order_of

KEY = (Code.CASH, "account")


def traded(trader, venue, number, side="buy", price=100.0):
    order = order_of(number, price=price) if side == "buy" else order_of(number, SELL, price=price)
    trader.place(order)
    venue.truth.fill(next(iter(venue.truth.open.values())), 10 * MICRO, round(price * MICRO), 7_000)
    trader.manager.poll()


def compared(trader, times=2):
    for _ in range(times):
        trader.manager.reconcile()
    return trader.manager.books.incidents.get(KEY)


def test_our_trades_and_their_fees_are_no_difference(trader, venue):
    traded(trader, venue, 1)
    traded(trader, venue, 2, "sell", 105.0)
    assert compared(trader) is None
    assert trader.incidents == []


@pytest.mark.parametrize(
    ("micros", "looks_like"),
    [(500 * MICRO, "deposit"), (-500 * MICRO, "withdrawal"), (-4_950_000, "fee"), (1_234_567, "interest")],
)
def test_other_money_is_told_once_with_what_it_looks_like(trader, venue, micros, looks_like):
    venue.truth.cash += 100_000 * MICRO
    compared(trader)
    trader.manager.acknowledge(*KEY, "ada", "the start of the test")
    trader.incidents.clear()
    traded(trader, venue, 1)
    venue.truth.cash += micros
    trader.manager.reconcile()
    assert trader.incidents == []  # money lags; once is no difference yet
    assert compared(trader, 3) == Effect.ALERT
    (told,) = trader.incidents
    assert looks_like in told.detail
    assert trader.manager.reconcile().succeeded


def test_a_second_difference_is_not_hidden_by_the_first(trader, venue):
    venue.truth.cash += 500 * MICRO
    compared(trader)
    venue.truth.cash -= 1_000 * MICRO
    compared(trader)
    assert ["+500" in trader.incidents[0].detail, "-500" in trader.incidents[1].detail] == [True, True]


def test_it_is_absorbed_by_the_word_of_a_person_only(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        venue.truth.cash += 500 * MICRO
        assert compared(first) is not None
    with Trader(tape, venue) as second:
        second.start()
        assert compared(second) is not None
        second.manager.acknowledge(*KEY, "ada", "my deposit")
        assert second.manager.books.cash == 500 * MICRO
        assert thaw(freeze(second.manager.books)).cash == 500 * MICRO
        assert compared(second) is None
        traded(second, venue, 1)
        assert compared(second) is None


def test_a_difference_that_goes_away_is_over(trader, venue):
    venue.truth.cash += 500 * MICRO
    assert compared(trader) is not None
    venue.truth.cash -= 500 * MICRO
    assert compared(trader, 1) is None


def test_money_is_not_looked_at_while_a_purchase_works_or_the_venue_does_not_say(trader, venue):
    order = order_of(1)
    trader.place(order)
    venue.truth.cash -= 1_000 * MICRO  # kept back for it
    assert compared(trader, 3) is None
    venue.truth.cash += 1_000 * MICRO
    trader.cancel(order)
    trader.manager.poll()
    venue.truth.cash += 500 * MICRO
    venue.script("account", Fault.FAILED, Fault.FAILED)
    assert compared(trader, 2) is None
    assert compared(trader, 2) is not None


def test_money_moved_beside_shares_that_are_not_ours_is_somebody_elses_trade(trader, venue):
    venue.truth.shares["IBM"] = 5 * MICRO
    venue.truth.cash -= 700 * MICRO
    assert compared(trader) is not None
    assert "somebody else's trade" in trader.incidents[-1].detail


@given(st.integers(-(10**12), 10**12).filter(bool), st.integers(-(10**12), 10**12), st.booleans())
def test_any_difference_has_a_kind_whose_sign_is_its_own(difference, cash, others):
    kind = kind_of(difference, cash, others_traded=others)
    assert others is (kind is CashKind.OTHERS)
    if kind is CashKind.DEPOSIT:
        assert difference > 0
    if kind is CashKind.INTEREST:
        assert (difference > 0) == (cash > 0)
    if kind in (CashKind.WITHDRAWAL, CashKind.FEE):
        assert difference < 0
