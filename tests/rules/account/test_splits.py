"""What a split does to shares, prices and orders; worked out by hand, and for whatever numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.account_event import CashInLieu, Split
from framework.domain.book import Book, Position
from framework.domain.order import Order, OrderSide, OrderStatus, OrderTerms, OrderType, TrailType
from framework.domain.values import MICRO
from framework.domain.venue import venue
from framework.rules.account.splits import split_order, split_price, split_shares, split_terms
from framework.rules.ledger import post

BUY, SELL = OrderSide.BUY, OrderSide.SELL
GENERIC, WHOLE = venue("generic"), venue("robinhood")

terms = st.tuples(st.integers(1, 50), st.integers(1, 50))
quantities = st.integers(-(10**12), 10**12)
lots = st.sampled_from([1, MICRO])
prices = st.integers(100, 10**10)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (2.0, (2, 1)),
        (1.5, (3, 2)),
        (0.1, (1, 10)),
        (1 / 3, (1, 3)),
        (0.333333, (1, 3)),  # as files write it
        (0.0125, (1, 80)),
        (1.0, (1, 1)),
        (20.0, (20, 1)),
        (1.046129, (10_364, 9_907)),  # a spin-off written as a split: no nearer fraction of such terms
    ],
)
def test_the_terms_of_a_split_are_whole_shares(ratio, expected):
    assert split_terms(ratio) == expected
    assert expected[0] / expected[1] == pytest.approx(ratio, rel=2e-6)


@given(st.integers(1, 500), st.integers(1, 500))
def test_every_ratio_of_small_numbers_is_found_again(new, old):
    exact = Fraction(new, old)
    assert split_terms(new / old) == (exact.numerator, exact.denominator)


@pytest.mark.parametrize(
    ("price", "new", "old", "expected"),
    [(100, 2, 1, 50), (101, 2, 1, 51), (100, 3, 1, 33), (33, 1, 3, 99), (1, 10, 1, 1), (0, 2, 1, 0)],
)
def test_a_price_goes_to_the_nearest_micro_dollar_and_none_stays_none(price, new, old, expected):
    assert split_price(price, new, old) == expected


@pytest.mark.parametrize(
    ("held", "new", "old", "lot", "last", "expected"),
    [
        # 101 shares at 30: 3 for 2 gives 151.5 at 20; half a share is 10 dollars.
        (101 * MICRO, 3, 2, MICRO, 30 * MICRO, (151 * MICRO, MICRO // 2, 10 * MICRO)),
        (-101 * MICRO, 3, 2, MICRO, 30 * MICRO, (-151 * MICRO, -MICRO // 2, -10 * MICRO)),
        (101 * MICRO, 3, 2, 1, 30 * MICRO, (151_500_000, 0, 0)),
        # Seven shares at 2, one for ten: 0.7 of a share at 20.
        (7 * MICRO, 1, 10, MICRO, 2 * MICRO, (0, 700_000, 14 * MICRO)),
        (100 * MICRO, 2, 1, MICRO, 5, (200 * MICRO, 0, 0)),
        # A third of a micro-share of a million-dollar share is a third of a dollar.
        (1, 1, 3, 1, 1_000_000 * MICRO, (0, 0, MICRO)),
        (0, 2, 1, 1, 5, (0, 0, 0)),
    ],
)
def test_shares_after_a_split_and_the_cash_for_what_is_left_over(held, new, old, lot, last, expected):
    assert split_shares(held, new, old, lot, last) == expected


@given(quantities, terms, lots, prices)
def test_shares_and_cash_are_worth_what_the_old_shares_were_to_half_a_micro_dollar(held, new_old, lot, last):
    new, old = new_old
    after = split_shares(held, new, old, lot, last)
    worth = Fraction(after.held * last * old, new * MICRO) + after.cash
    assert abs(worth - Fraction(held * last, MICRO)) <= Fraction(1, 2)
    assert after.held % lot == 0
    assert abs(after.held * old) <= abs(held * new) < (abs(after.held) + lot) * old
    assert after.held * held >= 0 <= after.cash * held


def working(**given) -> Order:
    order = Order("1", "A", given.pop("side", BUY), given.pop("quantity", 10 * MICRO), given.pop("kind", OrderType.LIMIT), 0, **given)
    order.status = OrderStatus.PARTIALLY_FILLED if order.filled_micros else OrderStatus.ACCEPTED
    return order


@pytest.mark.parametrize(
    ("side", "limit", "expected"),
    [
        # 10.01 / 2 = 5.005: a buyer pays no more for it, a seller takes no less.
        (BUY, 10_010_000, 5_000_000),
        (SELL, 10_010_000, 5_010_000),
        (BUY, 1_500_100, 750_000),  # below a dollar the tick is a hundredth of a cent
        (BUY, 100, 100),  # never below a tick
    ],
)
def test_a_limit_goes_to_the_tick_that_is_better_for_its_owner(side, limit, expected):
    assert split_order(working(side=side, limit_micros=limit), 2, 1, GENERIC).limit_micros == expected


@pytest.mark.parametrize(("side", "expected"), [(SELL, 5_000_000), (BUY, 5_010_000)])
def test_a_stop_goes_to_the_tick_away_from_the_market(side, expected):
    order = working(side=side, kind=OrderType.STOP_LOSS, stop_micros=10_010_000)
    assert split_order(order, 2, 1, GENERIC) == OrderTerms(20 * MICRO, 0, None, expected, None)


@pytest.mark.parametrize(
    ("kind", "trail", "expected"), [(TrailType.AMOUNT, 3 * MICRO, 1_500_000), (TrailType.PERCENTAGE, 3 * MICRO, 3 * MICRO)]
)
def test_a_trail_in_dollars_is_divided_and_its_level_lies_on_no_tick(kind, trail, expected):
    order = working(side=SELL, kind=OrderType.TRAILING_STOP, trail_micros=trail, trail_type=kind, stop_micros=10_010_001)
    assert split_order(order, 2, 1, GENERIC) == OrderTerms(20 * MICRO, 0, None, 5_005_001, expected)


def test_a_trail_without_a_level_gets_none():
    order = working(side=SELL, kind=OrderType.TRAILING_STOP, trail_micros=MICRO)
    assert split_order(order, 2, 1, GENERIC).stop_micros is None


def test_what_has_filled_is_put_into_new_shares_too():
    order = working(quantity=10 * MICRO, filled_micros=4 * MICRO, limit_micros=MICRO * 8)
    assert split_order(order, 2, 1, WHOLE) == OrderTerms(20 * MICRO, 8 * MICRO, 4 * MICRO, None, None)
    # One for four: 1 of 2.5 shares filled, 1.5 left, of which a whole share can be traded.
    assert split_order(order, 1, 4, WHOLE) == OrderTerms(2 * MICRO, MICRO, 32 * MICRO, None, None)


def test_an_order_of_which_less_than_a_lot_is_left_has_no_terms_any_more():
    assert split_order(working(quantity=3 * MICRO), 1, 4, WHOLE) is None
    assert split_order(working(quantity=3 * MICRO), 1, 4, GENERIC) is not None


@given(st.integers(1, 10**10), st.integers(0, 10**10), terms, st.sampled_from([GENERIC, WHOLE]))
def test_orders_never_come_to_more_than_the_shares_they_sell(first, second, new_old, where):
    """Two orders that sell a position between them do so after the split: rounding down twice is not more than rounding down once."""
    lot, (new, old) = where.lot_micros, new_old
    quantities = [quantity // lot * lot for quantity in (first, second)]
    orders = [split_order(working(side=SELL, quantity=one), new, old, where) for one in quantities if one]
    held = split_shares(sum(quantities), new, old, lot, MICRO).held
    assert sum(one.quantity_micros for one in orders if one) <= held


@given(quantities.filter(bool), st.integers(-(10**14), 10**14), terms, lots, prices)
def test_a_split_keeps_cost_and_the_fraction_takes_its_part_of_it(held, cost, new_old, lot, last):
    new, old = new_old
    book = Book(0, {"A": Position("A", held, cost)})
    after = split_shares(held, new, old, lot, last)
    assert post(book, Split(1, "A", new, old, after.held)) == 0
    position = book.positions["A"]
    assert (position.quantity_micros, position.cost_micros, book.cash_micros) == (after.held, cost, 0)
    realized = post(book, CashInLieu(1, "A", after.fraction, after.cash))
    assert book.cash_micros == after.cash
    assert position.realized_micros == realized
    # What was paid for the shares is cost still, or was set against the cash.
    assert position.cost_micros + after.cash - realized == cost
    assert position.cost_micros == 0 or after.held != 0
