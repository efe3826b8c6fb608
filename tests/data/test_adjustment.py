"""Adjusting changes the unit, never the return."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.adjustment import adjusted
from data.raw_bars import RawBars
from framework.errors import BadDataError


def raw_bars(closes: list[float], splits: list[float], dividends: list[float]) -> RawBars:
    close = np.array(closes)
    n = len(close)
    return RawBars(
        "AAPL", "a test", np.arange(n), np.arange(n), close, close * 1.01, close * 0.99, close, np.full(n, 1000.0),
        np.array(dividends), np.array(splits), close * 0.5, np.zeros(len(closes), dtype=np.int64),
    )  # fmt: skip


rows = st.lists(
    st.tuples(
        st.floats(1.0, 1000.0),
        st.sampled_from([1.0, 1.0, 1.0, 2.0, 1.5, 0.1, 7.0]),
        st.sampled_from([0.0, 0.0, 0.25, 3.08]),
    ),
    min_size=2,
    max_size=30,
)


@given(rows)
def test_total_return_is_that_of_a_holder_through_splits_and_dividends(table):
    closes, splits, dividends = (list(column) for column in zip(*table, strict=True))
    bars = adjusted(raw_bars(closes, splits, dividends), "splits")
    ours = (bars.close[1:] + bars.dividend[1:]) / bars.close[:-1]
    # One share held overnight becomes `split` shares, each worth the close and paid the dividend.
    held = [s * (c + d) / before for before, c, s, d in zip(closes, closes[1:], splits[1:], dividends[1:], strict=False)]
    np.testing.assert_allclose(ours, held, rtol=1e-12)


@given(rows)
def test_the_value_traded_and_the_last_bar_do_not_change(table):
    closes, splits, dividends = (list(column) for column in zip(*table, strict=True))
    raw = raw_bars(closes, splits, dividends)
    for method in ("splits", "adj_close"):
        bars = adjusted(raw, method)
        np.testing.assert_allclose(bars.close * bars.volume, raw.close * raw.volume, rtol=1e-12)
        assert (bars.high >= bars.close).all()
        assert (bars.low <= bars.open).all()
    last = adjusted(raw, "splits")
    assert (last.close[-1], last.volume[-1], last.dividend[-1]) == (raw.close[-1], raw.volume[-1], raw.dividend[-1])


def test_every_column_is_scaled_to_the_adjusted_close_and_dividends_are_inside_it(bars, load_csv):
    bars["Adj Close"] = bars.close * np.linspace(0.5, 1.0, 60)
    bars["dividend"] = 0.1
    series = load_csv(bars, adjust="adj_close").series["AAPL"]
    np.testing.assert_allclose(series.close, bars["Adj Close"], rtol=1e-14)
    for name in ("open", "high", "low"):
        np.testing.assert_allclose(getattr(series, name) / series.close, bars[name] / bars.close, rtol=1e-14)
    assert not series.dividend.any()


def test_an_adjusted_close_is_ignored_unless_it_is_asked_for(bars, load_csv):
    plain = load_csv(bars).series["AAPL"]
    with_column = load_csv(bars.assign(adj_close=1.0)).series["AAPL"]
    np.testing.assert_array_equal(plain.close, with_column.close)


def test_adjusting_by_a_column_that_is_missing_is_refused_with_the_remedy(bars, load_csv):
    with pytest.raises(BadDataError, match=r'no column adj_close; present: .*adjust = "adj_close", else set adjust = "splits"'):
        load_csv(bars, adjust="adj_close")


@pytest.mark.parametrize(("value", "kind"), [(np.nan, "nan"), (0.0, "non_positive")])
def test_an_adjusted_close_that_is_no_price_is_a_finding(value, kind, bars, load_csv):
    adj_close = bars.close.where(bars.index != 20, value)
    with pytest.raises(BadDataError, match=rf"{kind} \(1\):\n.*row 22.*adj_close is"):
        load_csv(bars.assign(adj_close=adj_close), adjust="adj_close")


def test_declared_splits_and_blank_cells_are_read_from_the_file(bars, load_csv):
    prices = ["open", "high", "low", "close"]
    bars.loc[:19, prices] *= 2
    bars["Split"] = ["2.0" if index == 20 else "" for index in range(60)]
    bars["Dividend"] = ["0.5" if index == 10 else None for index in range(60)]
    series = load_csv(bars).series["AAPL"]
    np.testing.assert_allclose(series.close[:20] * 2, bars.close[:20])
    np.testing.assert_array_equal(series.close[20:], bars.close[20:])
    assert (series.volume[19], series.volume[20]) == (2_000_000, 1_000_000)
    assert (series.dividend[10], series.dividend.sum()) == (0.25, 0.25)
    assert (series.split[20], series.split.sum()) == (2.0, 61.0)
