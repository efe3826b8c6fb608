"""Bars in the shares of their day, made from bars in the shares of the last one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.engine.market import Market
from framework.engine.quoted import Quoted
from tests.builders import bars, still

ratios = st.lists(st.sampled_from([1.0, 1.0, 2.0, 0.5, 3.0, 1.5, 0.1, 7.0]), min_size=2, max_size=12)


@given(ratios)
def test_every_bar_is_quoted_in_shares_of_the_cursors_day(splits):
    """Day i costs its own price on day i, and from then on as much as its shares are worth in those of the cursor."""
    prices = [float(100 + number) for number in range(len(splits))]
    series = bars("A", [(price,) * 4 for price in prices], splits=dict(enumerate(splits)), dividends={0: 0.5})
    market = Market({"A": series}, daily=True)
    for cursor in range(len(splits)):
        market.cursor[0] = cursor
        market.on_bars([0])
        seen = market.series[0]
        assert seen.close[cursor] == pytest.approx(prices[cursor], rel=1e-12)
        worth = [price / np.prod(splits[day + 1 : cursor + 1]) for day, price in enumerate(prices[: cursor + 1])]
        assert seen.close[: cursor + 1].tolist() == pytest.approx(worth, rel=1e-12)
        assert seen.volume[cursor] == pytest.approx(1_000_000.0, rel=1e-12)
        assert market.price_micros(0) == round(prices[cursor] * 1e6)
        assert market.close_before(0) == (round(prices[cursor - 1] * 1e6) if cursor else 0)
        assert seen.dividend[0] == pytest.approx(0.5 / np.prod(splits[1 : cursor + 1]), rel=1e-12)


@given(ratios)
def test_a_split_is_told_on_its_bar_alone(splits):
    quoted = Quoted(bars("A", still(100.0, len(splits)), splits=dict(enumerate(splits))))
    told = [quoted.split_at(index) for index in range(len(splits))]
    assert [terms is not None for terms in told] == [ratio != 1.0 for ratio in splits]
    assert all(terms[0] / terms[1] == pytest.approx(ratio) for terms, ratio in zip(told, splits, strict=True) if terms)


def test_without_splits_the_loaded_bars_are_the_quoted_ones():
    series = bars("A", still(100.0, 3))
    assert Quoted(series).series is series


def test_what_was_handed_out_is_not_written_to():
    series = bars("A", [*still(100.0, 2), *still(50.0, 1)], splits={2: 2.0})
    market = Market({"A": series}, daily=True)
    market.cursor[0] = 1
    market.on_bars([0])
    before = market.series[0].close
    market.cursor[0] = 2
    market.on_bars([0])
    assert before.tolist() == [100.0, 100.0, 100.0]
    assert not market.series[0].close.flags.writeable


def test_the_price_known_inside_a_bar_is_the_close_before_it():
    series = bars("A", [*still(100.0, 2), *still(51.0, 1)], splits={2: 2.0})
    market = Market({"A": series}, daily=True)
    market.cursor[0] = 2
    market.on_bars([0])
    market.now = int(series.timestamp[2])
    assert market.known_price(0) == 50_000_000
    market.now += 1
    assert market.known_price(0) == 51_000_000


def test_a_symbol_without_a_bar_has_no_known_price():
    market = Market({"A": bars("A", still(100.0, 2))}, daily=True)
    assert (market.known_price(0), market.close_before(0), market.split_now(0)) == (0, 0, None)
