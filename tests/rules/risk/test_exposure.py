from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from framework.errors import ConfigError
from framework.rules.risk.benchmark import (
    downside_beta,
    information_ratio,
    kendall,
    mean_ranks,
    pearson,
    regress,
    spearman,
    tracking_error,
)
from framework.rules.risk.correlation import RollingCorrelation, window_correlation
from framework.rules.risk.exposure import SectorExposure, concentration, portfolio_heat, sector_exposure
from tests.rules.risk import market
from tests.rules.risk.drawn import returns, ticks

# Beside a benchmark


@pytest.mark.parametrize("days", [30, 252, 3269])
def test_the_regression_is_ordinary_least_squares(days):
    asset, index = (series[-days:] for series in market.stock_and_index())
    found, fitted = regress(asset, index), sm.OLS(asset, sm.add_constant(index)).fit()
    assert (found.alpha, found.beta) == pytest.approx(tuple(fitted.params), rel=1e-9)
    assert found.beta_error == pytest.approx(fitted.bse[1], rel=1e-9)
    assert found.annual_alpha == pytest.approx((1 + fitted.params[0]) ** 252 - 1, rel=1e-9)


def test_the_downside_beta_sees_falling_days_only():
    asset, index = market.stock_and_index()
    fell = index < 0
    assert downside_beta(asset, index).beta == pytest.approx(np.polyfit(index[fell], asset[fell], 1)[0])
    assert downside_beta(asset, index).observations == fell.sum()


def test_tracking_error_and_information_ratio_are_annual():
    asset, index = market.stock_and_index()
    difference = pd.Series(asset - index)
    assert tracking_error(asset, index).value == pytest.approx(difference.std() * math.sqrt(252))
    assert information_ratio(asset, index).value == pytest.approx(difference.mean() / difference.std() * math.sqrt(252))
    assert "does not vary" in information_ratio(asset, asset).note
    assert "do not pair" in tracking_error(asset, index[1:]).note


@given(returns(3, 40), st.data())
def test_the_three_correlations_are_those_of_scipy(one, data):
    other = data.draw(hnp.arrays(np.float64, len(one), elements=ticks))
    for measure, known in ((pearson, stats.pearsonr), (spearman, stats.spearmanr), (kendall, stats.kendalltau)):
        found = measure(one, other)
        if len(set(one)) == 1 or len(set(other)) == 1:
            assert "does not vary" in found.note
        else:
            assert found.value == pytest.approx(known(one, other).statistic, abs=1e-9)


@given(returns(1, 40))
def test_equal_values_share_their_mean_rank(sample):
    assert mean_ranks(sample).tolist() == stats.rankdata(sample).tolist()


def test_a_benchmark_that_stands_still_has_no_beta():
    assert "benchmark does not vary" in regress(market.stock("IBM")[:100], np.zeros(100)).note
    assert math.isnan(regress(market.stock("IBM")[:100], np.zeros(100)).annual_alpha)


# Rolling correlation


def test_the_rolling_matrix_is_that_of_pandas_on_every_row():
    panel = market.four_stocks()[:420]
    rolling = RollingCorrelation(60, 4)
    expected = pd.DataFrame(panel).rolling(60).corr().to_numpy().reshape(-1, 4, 4)
    for row, known in zip(panel, expected, strict=True):
        rolling.push(row)
        assert rolling.matrix() == pytest.approx(known, abs=1e-9, nan_ok=True)


@given(hnp.arrays(np.float64, (40, 3), elements=st.one_of(ticks, st.floats(-3.9, 3.9), st.sampled_from([np.nan, 1e9, 3.99999]))))
def test_a_long_lived_matrix_equals_one_made_from_the_window_bit_for_bit(panel):
    rolling = RollingCorrelation(7, 3)
    for row, returns_now in enumerate(panel):
        rolling.push(returns_now)
        if row >= 6:
            assert rolling.matrix().tobytes() == window_correlation(panel[row - 6 : row + 1]).tobytes()


def test_nothing_drifts_after_a_crash_has_left_the_window():
    panel = market.four_stocks()[:800].copy()
    panel[100] = [3.9, -0.99, 3.0, 2.0]
    rolling = RollingCorrelation(252, 4)
    for row in np.tile(panel, (5, 1)):
        rolling.push(row)
    assert rolling.matrix() == pytest.approx(np.corrcoef(panel[-252:].T), abs=1e-9)
    assert rolling.covariance() == pytest.approx(np.cov(panel[-252:].T), abs=1e-13)


def test_a_broken_return_silences_its_symbol_until_it_has_left():
    panel = market.four_stocks()[:40].copy()
    panel[5, 1] = np.nan
    rolling = RollingCorrelation(10, 4)
    known = []
    for row in panel:
        rolling.push(row)
        known.append(bool(np.isfinite(rolling.matrix()[0, 1])))
    assert known == [False] * 15 + [True] * 25
    assert np.isfinite(rolling.matrix()).all()


def test_pairs_are_taken_over_the_rows_both_have_from_the_minimum_on():
    panel = market.four_stocks()[:300].copy()
    panel[:120, 2] = np.nan
    panel[::7, 1] = np.nan
    rolling = RollingCorrelation(60, 4, minimum=25)
    expected = pd.DataFrame(panel).rolling(60, min_periods=25).corr().to_numpy().reshape(-1, 4, 4)
    for row, known in zip(panel, expected, strict=True):
        rolling.push(row)
        assert rolling.matrix() == pytest.approx(known, abs=1e-9, nan_ok=True)
    assert rolling.covariance() == pytest.approx(pd.DataFrame(panel[-60:]).cov(min_periods=25).to_numpy(), abs=1e-13)


@given(hnp.arrays(np.float64, (30, 4), elements=st.one_of(ticks, st.sampled_from([np.nan, 9.0]))), st.integers(2, 12))
def test_a_part_of_the_matrix_is_the_matrix_there_bit_for_bit(panel, minimum):
    rolling = RollingCorrelation(12, 4, minimum)
    for row in panel:
        rolling.push(row)
        whole = rolling.matrix()
        assert rolling.between(2, [3, 0, 1]).tobytes() == whole[2, [3, 0, 1]].tobytes()
        assert whole.tobytes() == whole.T.copy().tobytes()


@pytest.mark.parametrize("value", [0.0, 0.01, -0.3, 3.9])
def test_a_symbol_that_stands_still_has_no_correlation(value):
    panel = np.column_stack([np.full(30, value), market.stock("IBM")[:30]])
    found = window_correlation(panel)
    assert np.isnan(found[0]).all()
    assert found[1, 1] == 1.0


@pytest.mark.parametrize(("window", "symbols"), [(1, 3), (513, 3), (60, 0)])
def test_a_matrix_that_cannot_be_kept_is_refused(window, symbols):
    with pytest.raises(ConfigError, match="correlation"):
        RollingCorrelation(window, symbols)


# Heat, concentration, sectors


def test_heat_is_what_the_stops_would_cost():
    quantity, price, stop = np.array([100.0, -50.0, 10.0]), np.array([50.0, 20.0, 8.0]), np.array([47.5, 22.0, 9.0])
    found = portfolio_heat(quantity, price, stop, 100_000.0)
    assert found.dollars.tolist() == [250.0, 100.0, 0.0]  # a stop beyond the price locks a gain in
    assert found.fraction == pytest.approx(0.0035)
    gapped = portfolio_heat(quantity, price, stop, 100_000.0, 0.02)
    assert gapped.dollars == pytest.approx([350.0, 120.0, 1.6])
    assert portfolio_heat(quantity, price, stop, 100_000.0, np.array([0.02, 0.0, 0.0])).dollars == pytest.approx([350.0, 100.0, 0.0])


def test_without_a_stop_a_long_risks_everything_and_a_short_has_no_bound():
    quantity, price, stop = np.array([100.0, 0.0]), np.array([50.0, np.nan]), np.array([np.nan, np.nan])
    assert portfolio_heat(quantity, price, stop, 1e4, 0.5).dollars.tolist() == [5000.0, 0.0]
    assert "no bound" in portfolio_heat(-quantity, price, stop, 1e4).note


def test_a_held_symbol_needs_a_price():
    found = portfolio_heat(np.array([1.0, 2.0]), np.array([10.0, np.nan]), np.array([9.0, 9.0]), 1e4)
    assert found.note.startswith("among the held symbols: the value at 1 is nan")


@pytest.mark.parametrize("equity", [0.0, -1.0, math.nan, math.inf])
def test_heat_needs_equity(equity):
    assert "equity" in portfolio_heat(np.ones(1), np.ones(1), np.ones(1), equity).note


@given(hnp.arrays(np.float64, st.integers(1, 20), elements=st.integers(1, 1000).map(float)))
def test_concentration_lies_between_equal_shares_and_one(values):
    found = concentration(-values)
    assert 1.0 / len(values) - 1e-12 <= found.hhi <= found.largest + 1e-12 <= 1.0 + 1e-12
    assert found.effective == pytest.approx(1.0 / found.hhi)


def test_concentration_by_hand():
    assert concentration(np.array([60.0, -20.0, 20.0])).hhi == pytest.approx(0.36 + 0.04 + 0.04)
    assert "no position" in concentration(np.zeros(3)).note


def test_sectors_net_and_gross():
    sectors = {"AAPL": "Technology", "MSFT": "Technology", "XOM": "Energy"}
    values = np.array([50_000.0, -20_000.0, 10_000.0, 5_000.0, 0.0])
    found = sector_exposure(values, ["AAPL", "MSFT", "XOM", "ZZZ", "IBM"], sectors, 100_000.0)
    expected = {"Energy": (0.1, 0.1), "Technology": (0.3, 0.7), "unknown": (0.05, 0.05)}
    assert list(found) == sorted(expected)
    assert {name: (one.net, one.gross) for name, one in found.items()} == {name: pytest.approx(pair) for name, pair in expected.items()}


def test_sectors_of_a_list_that_does_not_match_are_not_guessed():
    assert list(sector_exposure(np.ones(2), ["AAPL"], {}, 1e5)) == ["unknown"]
    assert math.isnan(sector_exposure(np.ones(2), ["AAPL"], {}, 1e5)["unknown"].net)
    assert sector_exposure(np.array([np.inf]), ["AAPL"], {}, 1e5)["unknown"] != SectorExposure(0.0, 0.0)


def test_a_broken_symbol_leaves_the_others_their_covariance():
    panel = market.four_stocks()[:30].copy()
    panel[25, 1] = np.nan
    rolling = RollingCorrelation(10, 4)
    assert rolling.covariance().dtype == np.float64
    for row in panel:
        rolling.push(row)
    sound = [0, 2, 3]
    assert rolling.covariance()[np.ix_(sound, sound)] == pytest.approx(np.cov(panel[-10:, sound].T), abs=1e-13)
    assert np.isnan(rolling.covariance()[1]).all()
    assert np.isnan(rolling.covariance()[:, 1]).all()
