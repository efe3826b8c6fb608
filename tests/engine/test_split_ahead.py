"""A split that is told before its bar: the past is in new shares at once, and once the bar is there nothing shows which came first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.market import Bar, ClosedBar
from framework.engine.market import Market
from tests.builders import bars, daily

PRICES = st.lists(st.floats(1.0, 500.0), min_size=3, max_size=9)
TERMS = st.sampled_from([(2, 1), (3, 2), (1, 10), (7, 1)])
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split")


def market(closes, known):
    made = Market({"A": bars("A", [(close,) * 4 for close in closes[:known]])}, daily=True)
    made.begin(daily(known + 1)[known])
    return made


def bar(closes, index, split=1.0):
    return {0: ClosedBar(Bar("A", daily(len(closes))[index], *(closes[index],) * 4, 1_000.0), split=split)}


@given(closes=PRICES, terms=TERMS, data=st.data())
def test_with_its_bar_all_is_as_if_the_bar_had_told_it(closes, terms, data):
    known = data.draw(st.integers(1, len(closes) - 2))
    at = data.draw(st.integers(known, len(closes) - 1))
    told, carried = market(closes, known), market(closes, known)
    for index in range(known, len(closes)):
        if index == at:
            told.split_ahead("A", *terms)
            assert told.is_split_ahead("A")
            assert told.price_micros(0) == pytest.approx(carried.price_micros(0) * terms[1] / terms[0], abs=10.0)
        split = terms[0] / terms[1] if index == at else 1.0
        told.extend(bar(closes, index, split))
        carried.extend(bar(closes, index, split))
        assert not told.is_split_ahead("A")
        for name in COLUMNS:
            assert np.array_equal(getattr(told.series[0], name), getattr(carried.series[0], name))
        assert told.split_now(0) == carried.split_now(0)
        assert told.close_before(0) == carried.close_before(0)
        assert told.daily_returns(0, 99).tolist() == carried.daily_returns(0, 99).tolist()


def test_a_split_nobody_told_is_not_ahead():
    assert not market([1.0, 2.0], 2).is_split_ahead("A")
