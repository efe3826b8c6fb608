"""Positions and venues as facts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from framework.domain.book import Book, Position
from framework.domain.order import OrderType, TimeInForce
from framework.domain.values import MICRO
from framework.domain.venue import VENUES, venue
from framework.errors import ConfigError


def test_a_flat_position_has_no_average_price():
    assert Position("AAPL").average_price is None


def test_books_and_positions_begin_with_nothing():
    assert Position("AAPL") == Position("AAPL", quantity_micros=0, cost_micros=0, realized_micros=0)
    assert Book(5) == Book(5, positions={}, fees_micros=0, dividends_micros=0, traded_micros=0, slippage_micros=0)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_average_price_of_a_position_is_positive_long_and_short(sign):
    position = Position("AAPL", sign * 3 * MICRO, sign * 32_000_000)
    assert position.quantity == sign * 3
    assert position.average_price == Decimal("10.666667")


def test_a_symbol_that_was_never_traded_is_held_with_zero():
    book = Book(1, {"AAPL": Position("AAPL", -5)})
    assert (book.quantity("AAPL"), book.quantity("MSFT")) == (-5, 0)


@pytest.mark.parametrize(
    ("price", "tick"),
    [(1, 100), (999_999, 100), (1_000_000, 10_000), (500_000_000, 10_000)],
)
@pytest.mark.parametrize("name", ["robinhood", "generic"])
def test_the_tick_is_a_cent_from_a_dollar_on_and_a_hundredth_of_one_below(name, price, tick):
    """SEC Rule 612 of Regulation NMS."""
    assert venue(name).tick_micros(price) == tick


def test_robinhood_trades_whole_shares_long_only():
    robinhood = venue("robinhood")
    assert (robinhood.shorting, robinhood.lot_micros, robinhood.fractional) == (False, MICRO, False)


def test_the_generic_venue_has_no_quirks():
    generic = venue("generic")
    assert (generic.shorting, generic.lot_micros, generic.fractional) == (True, 1, True)


@pytest.mark.parametrize("name", sorted(VENUES))
def test_every_venue_takes_the_five_order_types_for_the_day_and_until_canceled(name):
    assert venue(name).order_types == frozenset(OrderType)
    assert venue(name).times_in_force >= {TimeInForce.DAY, TimeInForce.GTC}
    assert venue(name).name == name


def test_an_unknown_venue_is_refused_with_the_names_that_exist():
    with pytest.raises(ConfigError, match=r"\[broker\] name = 'robin' is not known; choose one of generic, robinhood"):
        venue("robin")
