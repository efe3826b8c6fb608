"""The cache of quotes: a minute for those who look, nothing for those who order."""

from __future__ import annotations

import pytest

from data.quotes import TTL_NS, QuoteCache
from framework.domain.market import Quote

SECOND = 10**9


class Venue:
    """Counts its questions and knows the time."""

    def __init__(self):
        self.now, self.asked = 0, []

    def quote(self, symbol):
        self.asked.append(symbol)
        return Quote(symbol, self.now, 10.0 + len(self.asked), 11.0 + len(self.asked), 10.5 + len(self.asked))


@pytest.fixture
def venue():
    return Venue()


@pytest.fixture
def cache(venue):
    return QuoteCache(venue.quote, lambda: venue.now)


def test_a_quote_is_kept_for_a_minute(venue, cache):
    first = cache.get("IBM")
    venue.now = TTL_NS - 1
    assert cache.get("IBM") is first
    venue.now = TTL_NS
    assert cache.get("IBM") is not first
    assert venue.asked == ["IBM", "IBM"]


def test_an_order_asks_anew_and_its_quote_is_kept(cache):
    first = cache.get("IBM")
    ordered = cache.fresh("IBM")
    assert ordered is not first
    assert cache.get("IBM") is ordered


def test_symbols_are_kept_apart_and_can_be_forgotten(cache):
    one, other = cache.get("IBM"), cache.get("AAPL")
    cache.forget("IBM")
    assert cache.get("AAPL") is other
    assert cache.get("IBM") is not one
    cache.forget()
    assert cache.get("AAPL") is not other


def test_what_fails_is_not_kept_and_a_clock_that_ran_back_trusts_nothing(venue, cache):
    def broken(symbol):
        raise ConnectionError(symbol)

    failing = QuoteCache(broken, lambda: venue.now)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            failing.get("IBM")
    venue.now = 100 * SECOND
    first = cache.get("IBM")
    venue.now = 50 * SECOND
    assert cache.get("IBM") is not first


def test_a_quote_is_as_old_as_its_question(venue):
    def slow(symbol):
        venue.now += 50 * SECOND
        return venue.quote(symbol)

    cache = QuoteCache(slow, lambda: venue.now)
    first = cache.get("IBM")
    venue.now += 20 * SECOND
    assert cache.get("IBM") is not first
