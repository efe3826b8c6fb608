"""The books conserve cash and shares exactly, whatever is traded in whatever order."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.account_event import Dividend, Entitlement, Interest, TradeCorrection
from framework.domain.book import Book
from framework.domain.fill import Fill
from framework.domain.order import OrderSide
from framework.domain.values import MICRO, notional
from framework.rules.ledger import moved, post, post_fill
from tests.rules.made import trade

BUY, SELL = OrderSide.BUY, OrderSide.SELL
CASH = 100_000 * MICRO

sides = st.sampled_from(OrderSide)
prices = st.integers(1, 5_000 * MICRO)
quantities = st.one_of(st.integers(1, 10 * MICRO), st.integers(1, 1000).map(lambda shares: shares * MICRO))
fills = st.builds(
    trade, sides, quantities, prices, st.integers(0, 10 * MICRO), st.none() | prices, symbol=st.sampled_from(("AAPL", "MSFT"))
)
#: Few quantities, so that positions often end at zero or cross it.
round_trips = st.lists(
    st.builds(trade, sides, st.sampled_from((1, 2, MICRO, 2 * MICRO, 3 * MICRO, 333_333)), prices), min_size=1, max_size=30
)


def signed_value(fill: Fill) -> int:
    return notional(fill.side.sign * fill.quantity_micros, fill.price_micros)


def posted(sequence: list[Fill]) -> Book:
    book = Book(CASH)
    for fill in sequence:
        post_fill(book, fill)
    return book


@given(st.lists(st.one_of(fills, st.builds(Dividend, st.just(1), st.just("AAPL"), st.just(5), st.integers(-(10**9), 10**9))), max_size=30))
def test_cash_is_what_was_there_less_what_was_bought_and_paid(events):
    book = Book(CASH)
    for event in events:
        (post if isinstance(event, Dividend) else post_fill)(book, event)
    traded = [event for event in events if isinstance(event, Fill)]
    paid = sum(event.amount_micros for event in events if isinstance(event, Dividend))
    fees = sum(fill.fees_micros for fill in traded)
    assert book.cash_micros == CASH - sum(signed_value(fill) for fill in traded) - fees + paid
    assert (book.fees_micros, book.dividends_micros) == (fees, paid)
    assert book.traded_micros == sum(abs(signed_value(fill)) for fill in traded)


@given(st.lists(fills, max_size=30))
def test_a_position_is_the_sum_of_its_signed_fills(sequence):
    book = posted(sequence)
    for symbol in ("AAPL", "MSFT"):
        signed = [fill.side.sign * fill.quantity_micros for fill in sequence if fill.symbol == symbol]
        assert book.quantity(symbol) == sum(signed)


@given(st.one_of(st.lists(fills, max_size=30), round_trips))
def test_cost_is_what_was_paid_plus_what_was_realised_and_so_equity_splits_exactly(sequence):
    book = posted(sequence)
    for symbol, position in book.positions.items():
        paid = sum(signed_value(fill) for fill in sequence if fill.symbol == symbol)
        assert position.cost_micros == paid + position.realized_micros
    realised = sum(position.realized_micros for position in book.positions.values())
    cost = sum(position.cost_micros for position in book.positions.values())
    assert book.cash_micros + book.fees_micros + cost == CASH + realised


@given(round_trips, prices)
def test_realised_and_unrealised_gains_add_up_to_the_change_of_equity(sequence, mark):
    book = posted(sequence)
    position = book.positions["AAPL"]
    value = notional(position.quantity_micros, mark)
    unrealised = value - position.cost_micros
    assert book.cash_micros + value - CASH == position.realized_micros + unrealised


@given(st.lists(fills, max_size=20))
def test_what_a_fill_returns_is_what_the_position_realised(sequence):
    book = Book(CASH)
    realised = sum(post_fill(book, fill) for fill in sequence)
    assert realised == sum(position.realized_micros for position in book.positions.values())


@given(round_trips)
def test_the_average_cost_stays_between_the_cheapest_and_the_dearest_entry(sequence):
    """To within half a micro-dollar of cost for each fill, which is what rounding may move."""
    book, entries, held = Book(CASH), [], 0
    for count, fill in enumerate(sequence, start=1):
        post_fill(book, fill)
        signed = fill.side.sign * fill.quantity_micros
        if held * signed >= 0:
            entries.append(fill.price_micros)
        elif (held + signed) * held <= 0:
            entries = [fill.price_micros]  # flat, or through zero: what is left was opened here
        held += signed
        position = book.positions["AAPL"]
        size, cost = abs(held), abs(position.cost_micros)
        assert position.cost_micros * held >= 0
        assert Fraction(size * min(entries), MICRO) - count <= cost <= Fraction(size * max(entries), MICRO) + count


@given(round_trips, prices)
def test_closing_everything_leaves_nothing_behind(sequence, price):
    book = posted(sequence)
    held = book.quantity("AAPL")
    if held:
        post_fill(book, trade(SELL if held > 0 else BUY, abs(held), price))
    position = book.positions["AAPL"]
    assert (position.quantity_micros, position.cost_micros) == (0, 0)
    assert book.cash_micros == CASH + position.realized_micros


@given(st.lists(fills, max_size=30))
def test_the_mirrored_trades_give_the_mirrored_books(sequence):
    there = posted(sequence)
    back = posted([trade(f.side.opposite, f.quantity_micros, f.price_micros, f.fees_micros, symbol=f.symbol) for f in sequence])
    assert back.cash_micros + back.fees_micros - CASH == -(there.cash_micros + there.fees_micros - CASH)
    for symbol, position in there.positions.items():
        mirrored = back.positions[symbol]
        assert mirrored.quantity_micros == -position.quantity_micros
        assert mirrored.cost_micros == -position.cost_micros
        assert mirrored.realized_micros == -position.realized_micros


@given(quantities, quantities, prices, prices)
def test_crossing_zero_at_once_is_the_same_as_stopping_at_zero_to_within_a_rounding(first, more, bought, sold):
    at_once = posted([trade(BUY, first, bought), trade(SELL, first + more, sold)]).positions["AAPL"]
    in_steps = posted([trade(BUY, first, bought), trade(SELL, first, sold), trade(SELL, more, sold)]).positions["AAPL"]
    assert at_once.quantity_micros == in_steps.quantity_micros == -more
    assert abs(at_once.cost_micros - in_steps.cost_micros) <= 1
    assert abs(at_once.realized_micros - in_steps.realized_micros) <= 1


@pytest.mark.parametrize(
    ("held", "cost", "signed", "value", "expected"),
    [
        (0, 0, 10, 100, (10, 100, 0)),  # opens long
        (0, 0, -10, -100, (-10, -100, 0)),  # opens short
        (10, 100, 10, 120, (20, 220, 0)),  # adds
        (20, 220, -5, -60, (15, 165, 5)),  # sells a quarter, bought at 11, at 12
        (-20, -220, 5, 50, (-15, -165, 5)),  # buys back a quarter, sold at 11, at 10
        (10, 100, -10, -90, (0, 0, -10)),  # closes at a loss
        (10, 100, -15, -180, (-5, -60, 20)),  # through zero: ten realised, five opened at 12
        (-10, -100, 15, 180, (5, 60, -20)),  # the same from below
        (10, 100, -1, -12, (9, 90, 2)),  # the smallest part there is
    ],
)
def test_a_position_moves_as_it_would_on_paper(held, cost, signed, value, expected):
    assert moved(held, cost, signed, value) == expected


@pytest.mark.parametrize(("side", "price"), [(BUY, 101), (SELL, 99)])
def test_slippage_is_a_positive_cost_on_both_sides(side, price):
    book = Book(CASH)
    post_fill(book, trade(side, 10 * MICRO, price * MICRO, reference=100 * MICRO))
    assert book.slippage_micros == 10 * MICRO


def test_a_dividend_is_received_long_and_owed_short_first_in_name_then_in_cash():
    book = Book(CASH)
    for quantity, amount in ((10, 500), (-10, -200)):
        assert post(book, Entitlement(1, "AAPL", quantity, amount, 15_000)) == 0
    assert (book.cash_micros, book.receivable_micros, book.dividends_micros) == (CASH, 300, 0)
    for quantity, amount in ((10, 500), (-10, -200)):
        assert post(book, Dividend(9, "AAPL", quantity, amount)) == 0
    assert (book.cash_micros, book.receivable_micros, book.dividends_micros, book.positions) == (CASH + 300, 0, 300, {})


def test_slippage_and_value_traded_add_up_over_fills():
    book = Book(cash_micros=10_000 * MICRO)
    post_fill(book, trade(BUY, 2 * MICRO, 101 * MICRO, 5, reference=100 * MICRO))
    post_fill(book, trade(SELL, MICRO, 98 * MICRO, 7, reference=100 * MICRO, symbol="MSFT"))
    assert book.slippage_micros == 4 * MICRO
    assert book.traded_micros == 300 * MICRO
    assert book.fees_micros == 12
    assert {name: position.symbol for name, position in book.positions.items()} == {"AAPL": "AAPL", "MSFT": "MSFT"}


def correction(quantity, amount, symbol="AAPL", fees=0):
    return TradeCorrection(5, symbol, quantity, amount, "order-1", "x1", "because", fees)


@given(fills)
def test_a_trade_taken_back_leaves_the_books_as_they_were(fill):
    book = Book(CASH)
    post_fill(book, fill)
    back = correction(-fill.side.sign * fill.quantity_micros, signed_value(fill), fill.symbol, -fill.fees_micros)
    assert post(book, back) == 0
    position = book.positions[fill.symbol]
    assert (book.cash_micros, book.fees_micros) == (CASH, 0)
    assert (position.quantity_micros, position.cost_micros, position.realized_micros) == (0, 0, 0)


def test_a_better_price_of_what_is_held_lowers_its_cost():
    book = posted([trade(BUY, 10 * MICRO, 50 * MICRO, symbol="AAPL")])
    cash = book.cash_micros
    assert post(book, correction(0, 7)) == 0
    position = book.positions["AAPL"]
    assert (book.cash_micros - cash, position.quantity_micros, position.cost_micros) == (7, 10 * MICRO, 500 * MICRO - 7)


def test_a_better_price_of_what_is_gone_was_gained():
    book = posted([trade(BUY, MICRO, 50 * MICRO, symbol="AAPL"), trade(SELL, MICRO, 50 * MICRO, symbol="AAPL")])
    assert post(book, correction(0, -7)) == -7
    assert (book.positions["AAPL"].cost_micros, book.positions["AAPL"].realized_micros) == (0, -7)


def test_shares_beyond_an_order_are_bought_like_any():
    book = Book(CASH)
    assert post(book, correction(2 * MICRO, -100 * MICRO)) == 0
    position = book.positions["AAPL"]
    assert (book.cash_micros, position.quantity_micros, position.cost_micros) == (CASH - 100 * MICRO, 2 * MICRO, 100 * MICRO)


def test_interest_is_paid_from_cash_and_counted():
    book = Book(CASH)
    post(book, Interest(1, "", "debit_interest", -30))
    assert (book.cash_micros, book.interest_micros, book.receivable_micros, book.dividends_micros) == (CASH - 30, 30, 0, 0)
