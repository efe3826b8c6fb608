"""Fees are exact, rounded up, charged once for an order, and never paid back."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO, notional
from framework.rules.costs.fees import FREE, Bounded, Percent, PerOrder, PerShare, Tiered, Together, Traded, charge, month_of
from tests.rules.costs.schedules import EPOCH, day_of, days, fresh, prices, quantities, schedules, tiered

BUY = Traded(sign=1, day=0)
CENT = 10_000


def paid(schedule, shares, price, before=BUY):
    """Dollars for so many shares at so many dollars."""
    return charge(schedule, before, round(shares * MICRO), round(price * MICRO)) / MICRO


@given(schedules, fresh, st.lists(st.tuples(quantities, prices), max_size=4))
def test_fills_are_charged_what_the_order_is_charged_and_no_fill_is_paid_for(schedule, before, fills):
    charged, order = 0, before
    for quantity, price in fills:
        fee = charge(schedule, order, quantity, price)
        assert fee >= 0
        charged += fee
        order = order._replace(quantity=order.quantity + quantity, value=order.value + notional(quantity, price))
    assert charged == schedule.total(order)


@given(schedules, fresh, quantities, quantities, prices)
def test_more_is_never_cheaper(schedule, before, quantity, more, price):
    assert charge(schedule, before, quantity + more, price) >= charge(schedule, before, quantity, price)


@given(schedules, fresh)
def test_nothing_costs_nothing(schedule, before):
    assert schedule.total(before) == 0


@given(quantities, prices, st.integers(0, MICRO), st.integers(0, MICRO))
def test_each_part_is_the_exact_product_rounded_up(quantity, price, each, rate):
    assert charge(PerShare(each), BUY, quantity, price) == ceil(Fraction(quantity * each, MICRO))
    assert charge(Percent(rate), BUY, quantity, price) == ceil(Fraction(notional(quantity, price) * rate, MICRO))
    assert charge(Together((PerShare(each), Percent(rate))), BUY, quantity, price) == charge(PerShare(each), BUY, quantity, price) + charge(
        Percent(rate), BUY, quantity, price
    )


def test_half_a_cent_a_share_and_a_tenth_of_a_percent():
    assert paid(Together((PerShare(5_000), Percent(1_000))), 100, 50) == 0.5 + 5.0


def test_no_fees_are_none():
    assert paid(FREE, 100, 50) == 0.0


def test_a_fixed_fee_is_paid_once_however_many_fills_an_order_needs():
    first, second = BUY, BUY._replace(quantity=40 * MICRO, value=4000 * MICRO)
    assert (paid(PerOrder(MICRO), 40, 100, first), paid(PerOrder(MICRO), 60, 100, second)) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("shares", "price", "dollars"),
    # Interactive Brokers' own examples of its fixed price: half a cent a share, one dollar at least, one percent of the value at most.
    [(100, 25, 1.00), (1000, 25, 5.00), (1000, 0.25, 2.50)],
)
def test_a_price_a_share_has_a_least_and_a_most(shares, price, dollars):
    assert paid(Bounded(PerShare(5_000), MICRO, MICRO // 100), shares, price) == dollars


def test_the_most_goes_before_the_least():
    # One share of ten dollars: the dollar at least is more than one percent, so ten cents.
    assert paid(Bounded(PerShare(5_000), MICRO, MICRO // 100), 1, 10) == 0.10


def test_the_least_is_paid_once_and_counts_towards_what_follows():
    schedule = Bounded(PerShare(5_000), MICRO)
    second = BUY._replace(quantity=100 * MICRO, value=100 * 25 * MICRO)
    # 100 shares pay the dollar, which is good for 200; of the next 200 half are still to be paid.
    assert (paid(schedule, 100, 25), paid(schedule, 200, 25, second)) == (1.0, 0.5)


IBKR = Tiered(((300_000 * MICRO, 3_500), (3_000_000 * MICRO, 2_000), (20_000_000 * MICRO, 1_500)))


@pytest.mark.parametrize(
    ("month", "shares", "dollars"),
    [
        (0, 1_000, 3.50),
        (299_000, 1_000, 3.50),
        (299_900, 200, 0.35 + 0.20),
        (300_000, 1_000, 2.00),
        (0, 4_000_000, 1_050 + 5_400 + 1_500),
        (19_999_900, 200, 0.30),
        (50_000_000, 1_000, 1.50),
    ],
)
def test_each_share_is_charged_in_its_tier_of_the_month(month, shares, dollars):
    assert paid(IBKR, shares, 10, BUY._replace(month=month * MICRO)) == pytest.approx(dollars, abs=1e-9)


@given(tiered, st.integers(0, 60), st.integers(0, 60), st.data())
def test_tiers_are_what_counting_shares_one_by_one_gives(schedule, month, shares, data):
    steps = data.draw(st.lists(st.integers(1, 60), min_size=len(schedule.tiers), max_size=len(schedule.tiers), unique=True).map(sorted))
    small = Tiered(tuple((upto * MICRO, each) for upto, (_, each) in zip(steps, schedule.tiers, strict=True)))
    counted = 0
    for number in range(month, month + shares):
        within = [each for upto, each in small.tiers if number * MICRO < upto]
        counted += within[0] if within else small.tiers[-1][1]
    assert charge(small, BUY._replace(month=month * MICRO), shares * MICRO, MICRO) == counted


@given(days, days)
def test_months_count_up_by_one(day, other):
    def months(when):
        found = date.fromordinal(when + EPOCH.toordinal())
        return found.year * 12 + found.month

    assert month_of(day) - month_of(other) == months(day) - months(other)


def test_a_month_ends_with_its_last_day():
    last, first = day_of(date(2024, 2, 29)), day_of(date(2024, 3, 1))
    assert month_of(first) == month_of(last) + 1 == month_of(day_of(date(2024, 2, 1))) + 1
    assert month_of(day_of(date(2025, 1, 1))) == month_of(day_of(date(2024, 12, 31))) + 1


def test_a_cent_is_the_least_a_broker_can_charge():
    assert paid(Bounded(PerShare(1), CENT), 1, 10) == 0.01


def test_an_order_that_goes_on_in_the_next_month_pays_for_its_shares_there_too():
    schedule = Bounded(Tiered(((300_000 * MICRO, 3_500),)), minimum=350_000)
    # 5,000 shares on the last of a month cost 17.50; 100 more on the first of the next are counted from there, 5,000 before it.
    later = Traded(sign=1, day=0, quantity=5_000 * MICRO, value=5_000 * MICRO, month=-5_000 * MICRO)
    assert paid(schedule, 100, 1, later) == 0.35
