"""The regulators' fees: the rates that were announced, from the day they were announced for, on sales only."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given

from framework.domain.values import MICRO, notional
from framework.domain.venue import VENUES as ALL_VENUES
from framework.rules.costs.fees import Traded, charge
from framework.rules.costs.rates import SECTION_31, TRADING_ACTIVITY_FEE
from framework.rules.costs.regulatory import VENUES, RegulatoryFees, sec_rate, taf_rate
from tests.rules.costs.schedules import day_of, days, prices, quantities, regulatory

CENT = 10_000
#: Changes as announced: (first day, dollars per million before, from then on).
ANNOUNCED = [
    (date(2001, 12, 28), 33.30, 15.00),
    (date(2003, 3, 22), 30.10, 25.20),
    (date(2003, 4, 1), 25.20, 46.80),
    (date(2004, 2, 22), 46.80, 39.00),
    (date(2004, 4, 1), 39.00, 23.40),
    (date(2005, 1, 7), 23.40, 32.90),
    (date(2005, 4, 1), 32.90, 41.80),
    (date(2005, 12, 22), 41.80, 30.70),
    (date(2007, 3, 17), 30.70, 15.30),
    (date(2008, 1, 25), 15.30, 11.00),
    (date(2008, 4, 1), 11.00, 5.60),
    (date(2009, 4, 10), 5.60, 25.70),
    (date(2010, 1, 15), 25.70, 12.70),
    (date(2010, 4, 1), 12.70, 16.90),
    (date(2011, 1, 21), 16.90, 19.20),
    (date(2012, 2, 21), 19.20, 18.00),
    (date(2012, 4, 1), 18.00, 22.40),
    (date(2013, 5, 25), 22.40, 17.40),
    (date(2014, 3, 18), 17.40, 22.10),
    (date(2015, 2, 14), 22.10, 18.40),
    (date(2016, 2, 16), 18.40, 21.80),
    (date(2017, 7, 4), 21.80, 23.10),
    (date(2018, 5, 22), 23.10, 13.00),
    (date(2019, 4, 16), 13.00, 20.70),
    (date(2020, 2, 18), 20.70, 22.10),
    (date(2021, 2, 25), 22.10, 5.10),
    (date(2022, 5, 14), 5.10, 22.90),
    (date(2023, 2, 27), 22.90, 8.00),
    (date(2024, 5, 22), 8.00, 27.80),
    (date(2025, 5, 14), 27.80, 0.00),
    (date(2026, 4, 4), 0.00, 20.60),
]
#: Days on which appropriations of the SEC were enacted; the year's rate began 30 days later, since the law of 2010 60 days later.
ENACTED = [
    *[(date(*day), 30) for day in [(2003, 2, 20), (2004, 1, 23), (2004, 12, 8), (2005, 11, 22), (2007, 2, 15), (2007, 12, 26)]],
    *[(date(*day), 30) for day in [(2009, 3, 11), (2009, 12, 16), (2010, 12, 22)]],
    *[(date(*day), 60) for day in [(2011, 12, 23), (2013, 3, 26), (2014, 1, 17), (2014, 12, 16), (2015, 12, 18), (2017, 5, 5)]],
    *[(date(*day), 60) for day in [(2018, 3, 23), (2019, 2, 15), (2019, 12, 20), (2020, 12, 27), (2022, 3, 15), (2022, 12, 29)]],
    *[(date(*day), 60) for day in [(2024, 3, 23), (2026, 2, 3)]],
]
#: Not a yearly change: the law of 2001, the mid-year changes of April 1, and the year whose target had been reached.
OTHER = {date.min, date(2001, 12, 28), date(2025, 5, 14), *(date(year, 4, 1) for year in (2002, 2003, 2004, 2005, 2008, 2010, 2012))}


@pytest.mark.parametrize(("first", "before", "after"), ANNOUNCED, ids=str)
def test_a_rate_changes_on_the_day_it_was_announced_for(first, before, after):
    assert (sec_rate(day_of(first) - 1), sec_rate(day_of(first))) == (round(before * 1000), round(after * 1000))


def test_every_yearly_rate_begins_so_many_days_after_its_appropriation():
    assert sorted({enacted + timedelta(wait) for enacted, wait in ENACTED} | OTHER) == [row[0] for row in SECTION_31]


@pytest.mark.parametrize(
    ("when", "each", "most"),
    [
        (date(2002, 9, 30), 0, 0),
        (date(2002, 10, 1), 0.00005, 5.00),
        (date(2003, 9, 1), 0.0001, 10.00),
        (date(2004, 10, 31), 0.0001, 10.00),
        (date(2004, 11, 1), 0.000075, 3.75),
        (date(2011, 6, 30), 0.000075, 3.75),
        (date(2011, 7, 1), 0.000090, 4.50),
        (date(2012, 2, 29), 0.000090, 4.50),
        (date(2012, 3, 1), 0.000095, 4.75),
        (date(2012, 7, 1), 0.000119, 5.95),
        (date(2021, 12, 31), 0.000119, 5.95),
        (date(2022, 1, 1), 0.000130, 6.49),
        (date(2023, 1, 1), 0.000145, 7.27),
        (date(2024, 1, 1), 0.000166, 8.30),
        (date(2025, 12, 31), 0.000166, 8.30),
        (date(2026, 1, 1), 0.000195, 9.79),
        (date(2026, 9, 30), 0.000195, 9.79),
        (date(2026, 10, 1), 0, 0),
        (date(2026, 12, 31), 0, 0),
        (date(2027, 1, 1), 0.000195, 9.79),
    ],
)
def test_the_trading_activity_fee_is_that_of_the_day(when, each, most):
    assert taf_rate(day_of(when)) == (round(each * MICRO), round(most * MICRO))


@pytest.mark.parametrize("table", [SECTION_31, TRADING_ACTIVITY_FEE], ids=["sec", "taf"])
def test_rows_are_in_order_and_each_changes_something(table):
    assert all(earlier[0] < later[0] and earlier[1:] != later[1:] for earlier, later in pairwise(table))


def test_days_before_and_after_the_tables_have_a_rate():
    assert (sec_rate(day_of(date(1962, 1, 2))), sec_rate(day_of(date(2100, 1, 1)))) == (33_300, 20_600)
    assert (taf_rate(day_of(date(1962, 1, 2)))[0], taf_rate(day_of(date(2100, 1, 1)))[0]) == (0, 195)


@given(regulatory, days, quantities, prices)
def test_a_buy_pays_nothing(fees, day, quantity, price):
    assert charge(fees, Traded(1, day), quantity, price) == 0


@given(days, quantities, prices)
def test_a_sale_pays_both_each_rounded_up_to_the_cent(day, quantity, price):
    each, most = taf_rate(day)
    sec = ceil(Fraction(notional(quantity, price) * sec_rate(day), 10**9) / CENT) * CENT
    taf = min(ceil(Fraction(quantity * each, MICRO) / CENT) * CENT, most)
    assert charge(RegulatoryFees(), Traded(-1, day), quantity, price) == sec + taf


@pytest.mark.parametrize(
    ("when", "shares", "price", "cents"),
    [
        # 2018: 10,000 dollars at 23.10 per million are 23.1 cents; 200 shares at 0.000119 are 2.38 cents.
        (date(2018, 3, 1), 200, 50.0, 24 + 3),
        # Exactly a cent stays a cent: 1,000 dollars at 10.00 there never was; 2,500 at 8.00 per million are 2 cents, 100 shares 1.45 cents.
        (date(2023, 6, 1), 100, 25.0, 2 + 2),
        # No SEC fee in the summer of 2025; 60,000 shares reach the cap of 8.30.
        (date(2025, 7, 1), 60_000, 10.0, 830),
        # The last quarter of 2026: no TAF; 10,000 at 20.60 per million are 20.6 cents.
        (date(2026, 11, 2), 200, 50.0, 21),
    ],
)
def test_sales_worked_out_by_hand(when, shares, price, cents):
    assert charge(RegulatoryFees(), Traded(-1, day_of(when)), shares * MICRO, round(price * MICRO)) == cents * CENT


@pytest.mark.parametrize(
    ("shares", "price", "cents"),
    [
        (50, 10.00, 0),  # 500 dollars and 50 shares: both waived
        (50, 10.01, 2),  # 500.50 dollars at 22.90 per million: 1.15 cents
        (51, 9.00, 1),  # 459 dollars, but 51 shares at 0.000130: 0.66 cents
        (51, 10.00, 2 + 1),
    ],
)
def test_robinhood_waives_small_sales(shares, price, cents):
    before = Traded(-1, day_of(date(2022, 6, 1)))
    assert charge(VENUES["robinhood"], before, shares * MICRO, round(price * MICRO)) == cents * CENT


def test_a_sale_in_two_fills_is_waived_and_rounded_as_one():
    first = Traded(-1, day_of(date(2022, 6, 1)))
    second = first._replace(quantity=30 * MICRO, value=3000 * MICRO)
    fees = VENUES["robinhood"]
    # 3,000 dollars: 6.87 cents; 6,000: 13.74 cents, and now 60 shares: 0.78 cents.
    assert charge(fees, first, 30 * MICRO, 100 * MICRO) == 7 * CENT
    assert charge(fees, second, 30 * MICRO, 100 * MICRO) == (14 + 1 - 7) * CENT


def test_every_venue_says_what_it_charges():
    assert set(VENUES) == set(ALL_VENUES)
