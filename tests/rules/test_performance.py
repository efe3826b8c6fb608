"""Performance figures against empyrical, pandas and published numbers."""

from __future__ import annotations

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from framework.rules import performance as perf

CASH = 100_000.0

returns_series = npst.arrays(np.float64, st.integers(2, 300), elements=st.floats(-0.2, 0.2, allow_subnormal=False)).filter(
    lambda r: np.std(r) > 1e-6
)


def weekdays(count: int, first: str = "2005-01-03") -> np.ndarray:
    days = pd.bdate_range(first, periods=count)
    return days.to_numpy().astype("datetime64[D]").astype(np.int64)


def curve(returns: np.ndarray) -> np.ndarray:
    """Equity of a daily run whose first point is the cash it began with."""
    return CASH * np.cumprod(np.append(1.0, 1.0 + returns))


@given(returns_series)
def test_growth_and_risk_agree_with_empyrical(returns: np.ndarray) -> None:
    assert perf.cagr(returns) == pytest.approx(empyrical.cagr(returns), rel=1e-9)
    assert perf.volatility(returns) == pytest.approx(empyrical.annual_volatility(returns), rel=1e-9)
    assert perf.sharpe(returns) == pytest.approx(empyrical.sharpe_ratio(returns), rel=1e-9, abs=1e-9)


@given(returns_series, st.floats(-0.5, 0.5))
def test_sharpe_above_a_riskless_rate_agrees_with_empyrical(returns: np.ndarray, annual: float) -> None:
    rate = perf.daily_rate(annual)
    assert perf.sharpe(returns, rate) == pytest.approx(empyrical.sharpe_ratio(returns, rate), rel=1e-9, abs=1e-9)


@given(st.floats(-0.99, 1.0))
def test_a_compound_rate_a_day_gives_the_rate_a_year(annual: float) -> None:
    assert (1.0 + perf.compound_daily_rate(annual)) ** 252 - 1.0 == pytest.approx(annual, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("annual", [-1.0, -1.5, np.nan, np.inf])
def test_a_rate_that_loses_everything_has_no_rate_a_day(annual: float) -> None:
    assert perf.compound_daily_rate(annual) is None


@given(returns_series.filter(lambda r: np.min(r) < -1e-6))
def test_downside_and_drawdown_figures_agree_with_empyrical(returns: np.ndarray) -> None:
    equity = curve(returns)
    drawdown = perf.max_drawdown(equity, CASH)
    assert perf.sortino(returns) == pytest.approx(empyrical.sortino_ratio(returns), rel=1e-9, abs=1e-9)
    assert perf.downside_risk(returns) == pytest.approx(empyrical.downside_risk(returns), rel=1e-9)
    assert drawdown == pytest.approx(empyrical.max_drawdown(returns), rel=1e-9, abs=1e-12)
    assert perf.calmar(perf.cagr(returns), drawdown) == pytest.approx(empyrical.calmar_ratio(returns), rel=1e-6)


@given(returns_series, st.integers(0, 2**32 - 1))
def test_beta_and_correlation_agree_with_pandas(returns: np.ndarray, seed: int) -> None:
    market = np.random.default_rng(seed).normal(0, 0.01, returns.size)
    a, b = pd.Series(returns), pd.Series(market)
    assert perf.beta(returns, market) == pytest.approx(a.cov(b) / b.var(), rel=1e-9, abs=1e-9)
    assert perf.correlation(returns, market) == pytest.approx(a.corr(b), rel=1e-9, abs=1e-9)


@given(returns_series)
def test_a_daily_curve_gives_the_returns_pandas_gives(returns: np.ndarray) -> None:
    equity = curve(returns)
    made = perf.daily_returns(weekdays(equity.size), equity, CASH)
    assert made == pytest.approx(pd.Series(equity).pct_change().dropna().to_numpy(), rel=1e-12, abs=1e-15)


@given(returns_series, st.floats(0.001, 1000))
def test_no_figure_depends_on_the_size_of_the_account(returns: np.ndarray, scale: float) -> None:
    equity, days = curve(returns), weekdays(returns.size + 1)
    for figure in (
        lambda size: perf.total_return(equity * size, CASH * size),
        lambda size: perf.max_drawdown(equity * size, CASH * size),
        lambda size: perf.sharpe(perf.daily_returns(days, equity * size, CASH * size)),
        lambda size: perf.annual_turnover(5.0 * size, equity * size, days),
    ):
        assert figure(scale) == pytest.approx(figure(1.0), rel=1e-6, abs=1e-6)


@given(npst.arrays(np.float64, st.integers(20, 400), elements=st.floats(-0.9, 0.9)))
def test_expected_shortfall_is_never_below_value_at_risk(returns: np.ndarray) -> None:
    var, cvar = perf.historical_var(returns), perf.historical_cvar(returns)
    assert cvar >= var
    assert var == pytest.approx(-np.quantile(returns, 0.05))
    assert cvar <= -returns.min() + 1e-12


@given(npst.arrays(np.float64, st.integers(1, 15).map(lambda n: 20 * n), elements=st.floats(-0.9, 0.9)))
def test_expected_shortfall_of_a_whole_tail_is_its_plain_mean(returns: np.ndarray) -> None:
    worst = np.sort(returns)[: returns.size // 20]
    assert perf.historical_cvar(returns) == pytest.approx(-worst.mean(), rel=1e-9, abs=1e-12)


def test_expected_shortfall_weighs_the_observation_on_the_border_by_its_fraction() -> None:
    returns = np.array([-0.10, -0.04, *([0.01] * 28)])  # 5 % of 30 is 1.5 observations
    assert perf.historical_cvar(returns) == pytest.approx((0.10 + 0.5 * 0.04) / 1.5)


def test_the_figures_of_apple_are_those_published_for_the_same_prices() -> None:
    from bokeh_sampledata.stocks import AAPL

    close = np.array(AAPL["adj_close"])
    returns = close[1:] / close[:-1] - 1.0
    assert perf.total_return(close, close[0]) == pytest.approx(12.408615817922598, rel=1e-9)
    assert perf.cagr(returns) == pytest.approx(0.2215395759712815, rel=1e-9)
    assert perf.sharpe(returns) == pytest.approx(0.6784016714847041, rel=1e-9)
    assert perf.max_drawdown(close, close[0]) == pytest.approx(-0.8180178930577696, rel=1e-9)
    assert perf.historical_var(returns[-252:]) == pytest.approx(0.03154556812350413, rel=1e-9)


@pytest.mark.parametrize("first", ["2005-01-03", "2004-12-20"])
def test_monthly_and_yearly_returns_agree_with_pandas_and_compound_to_the_whole(first: str) -> None:
    equity = curve(np.random.default_rng(3).normal(0, 0.01, 600))
    days = weekdays(equity.size, first)
    years, table = perf.monthly_returns(days, equity, CASH)
    by_date = pd.Series(equity, pd.to_datetime(days, unit="D"))
    months = by_date.resample("ME").last()
    expected = (months / months.shift(fill_value=CASH) - 1.0).to_numpy()
    assert table[np.isfinite(table)] == pytest.approx(expected, rel=1e-12)
    assert np.prod(1.0 + table[np.isfinite(table)]) == pytest.approx(equity[-1] / CASH)
    yearly_years, yearly = perf.yearly_returns(days, equity, CASH)
    assert yearly_years.tolist() == years.tolist()
    assert yearly == pytest.approx(np.nanprod(1.0 + table, axis=1) - 1.0, rel=1e-12)
    assert (years[0], np.flatnonzero(np.isfinite(table[0]))[0]) == (int(first[:4]), int(first[5:7]) - 1)


def test_an_intraday_curve_is_taken_at_each_sessions_last_point() -> None:
    days = np.array([10, 10, 10, 11, 11, 14])
    equity = np.array([100.0, 90.0, 110.0, 50.0, 121.0, 60.5])
    assert perf.daily_returns(days, equity, 100.0) == pytest.approx([0.1, 0.1, -0.5])


def test_a_first_point_that_already_differs_from_the_cash_counts_as_a_return() -> None:
    assert perf.daily_returns(np.array([1, 2]), np.array([110.0, 121.0]), 100.0) == pytest.approx([0.1, 0.1])


def test_drawdown_counts_from_the_initial_cash() -> None:
    assert perf.max_drawdown(np.array([80.0, 90.0]), 100.0) == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("equity", "longest"),
    [
        ([100.0, 101.0, 102.0], 0),
        ([100.0, 90.0, 100.0], 20),  # recovered on the third day
        ([100.0, 90.0, 95.0], 20),  # never recovered: to the end
        ([100.0, 100.0, 90.0], 10),  # the high is the last day at it
        ([90.0, 95.0, 99.0], 20),  # under water from the first day on
    ],
)
def test_time_under_water_is_counted_in_calendar_days(equity: list[float], longest: int) -> None:
    assert perf.max_drawdown_days(np.array([100, 110, 120]), np.array(equity), 100.0) == longest


def test_the_longest_of_several_drawdowns_counts_not_the_deepest() -> None:
    days = np.array([0, 1, 2, 10, 40, 41])
    equity = np.array([100.0, 50.0, 100.0, 99.0, 100.0, 101.0])
    assert perf.max_drawdown_days(days, equity, 100.0) == 38


def runs(flags: list[bool]) -> int:
    """Length of the longest run of true ones, counted one by one."""
    longest = current = 0
    for flag in flags:
        current = current + 1 if flag else 0
        longest = max(longest, current)
    return longest


@given(npst.arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([-0.02, -0.01, 0.0, 0.01])))
def test_losses_in_a_row_and_bars_under_water_are_what_counting_one_by_one_gives(returns: np.ndarray) -> None:
    assert perf.max_consecutive_losses(returns) == runs([value < 0.0 for value in returns.tolist()])
    equity = np.round(CASH * np.cumprod(1.0 + returns), 2)
    highs = [max([CASH, *equity[: place + 1].tolist()]) for place in range(equity.size)]
    assert perf.longest_underwater_bars(equity, CASH) == runs([value < high for value, high in zip(equity.tolist(), highs, strict=True)])


@pytest.mark.parametrize(
    ("equity", "existing"),
    [
        ([], {}),
        ([CASH], {"total_return": 0.0, "bars_under_water": 0}),
        (
            [CASH] * 30,
            {
                "total_return": 0.0,
                "cagr": 0.0,
                "volatility": 0.0,
                "downside_risk": 0.0,
                "losses_in_a_row": 0,
                "bars_under_water": 0,
                "max_drawdown": 0.0,
                "max_drawdown_days": 0,
                "var": 0.0,
                "cvar": 0.0,
            },
        ),
        ([CASH, 0.0, 0.0], {"total_return": -1.0, "cagr": -1.0, "max_drawdown": -1.0}),
        ([CASH, -CASH], {"total_return": -2.0, "max_drawdown": -2.0, "calmar": None, "cagr": None}),
        ([CASH, 1e300], {"total_return": 1e295, "cagr": None}),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_figure_that_does_not_exist_is_none_and_nothing_warns(equity: list[float], existing: dict[str, float | None]) -> None:
    values, days = np.array(equity), weekdays(len(equity))
    returns = perf.daily_returns(days, values, CASH)
    growth, drawdown = perf.cagr(returns), perf.max_drawdown(values, CASH)
    figures = {
        "total_return": perf.total_return(values, CASH),
        "cagr": growth,
        "volatility": perf.volatility(returns),
        "sharpe": perf.sharpe(returns),
        "sortino": perf.sortino(returns),
        "downside_risk": perf.downside_risk(returns),
        "losses_in_a_row": perf.max_consecutive_losses(returns),
        "bars_under_water": perf.longest_underwater_bars(values, CASH),
        "max_drawdown": drawdown,
        "max_drawdown_days": perf.max_drawdown_days(days, values, CASH),
        "calmar": perf.calmar(growth, drawdown),
        "var": perf.historical_var(returns),
        "cvar": perf.historical_cvar(returns),
        "beta": perf.beta(returns, np.zeros(returns.size)),
        "correlation": perf.correlation(returns, returns * 0.0),
    }
    perf.monthly_returns(days, values, CASH)
    perf.yearly_returns(days, values, CASH)
    if len(equity) < 2 or existing.get("volatility") == 0.0:
        assert {name: value for name, value in figures.items() if value is not None} == pytest.approx(existing)
    assert {name: figures[name] for name in existing} == pytest.approx(existing)
    assert all(value is None or np.isfinite(value) for value in figures.values())


def test_nothing_is_earned_on_an_account_that_was_wiped_out() -> None:
    returns = perf.daily_returns(np.arange(5), np.array([100.0, 50.0, 0.0, 0.0, 10.0]), 100.0)
    assert returns == pytest.approx([-0.5, -1.0])


def test_a_run_that_only_gained_has_no_sortino_and_no_calmar() -> None:
    returns = np.array([0.01, 0.02, 0.005])
    assert perf.sortino(returns) is None
    assert perf.calmar(perf.cagr(returns), perf.max_drawdown(curve(returns), CASH)) is None


@given(npst.arrays(np.float64, st.integers(0, 60), elements=st.floats(-1e6, 1e6).map(lambda x: round(x, 2))))
def test_trade_figures_are_what_counting_one_by_one_gives(pnl: np.ndarray) -> None:
    won = [x for x in pnl.tolist() if x > 0]
    lost = [-x for x in pnl.tolist() if x < 0]
    assert perf.win_rate(pnl) == (pytest.approx(len(won) / pnl.size) if pnl.size else None)
    assert perf.average(pnl) == (pytest.approx(sum(pnl.tolist()) / pnl.size, abs=1e-6) if pnl.size else None)
    assert perf.profit_factor(pnl) == (pytest.approx(sum(won) / sum(lost)) if lost else None)


def test_turnover_is_value_traded_over_mean_equity_a_calendar_year() -> None:
    days = np.array([0, 731])  # two years less half a day
    assert perf.annual_turnover(600_000.0, np.array([100_000.0, 200_000.0]), days) == pytest.approx(4.0 / (731 / 365.25))
    assert perf.annual_turnover(1.0, np.array([100.0, 100.0]), np.array([5, 5])) is None
    assert perf.annual_turnover(0.0, np.array([100.0, 100.0]), np.array([5, 5])) == 0.0


def _fraction(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


@given(npst.arrays(np.float64, st.integers(2, 300), elements=st.floats(-0.9, 3.0)))
def test_every_figure_is_what_numpy_gives_to_the_last_bit(returns: np.ndarray) -> None:
    mean, deviation = float(np.mean(returns)), float(np.std(returns, ddof=1))
    assert perf.volatility(returns) == deviation * np.sqrt(252)
    assert perf.sharpe(returns) == (_fraction(mean / deviation * np.sqrt(252)) if deviation > perf.NO_RISK else None)
    assert perf.volatility_and_sharpe(returns) == (perf.volatility(returns), perf.sharpe(returns))
    assert perf.average(returns) == mean
    assert perf.win_rate(returns) == float(np.mean(returns > 0.0))
    assert perf.historical_var(returns) == (-float(np.quantile(returns, 0.05)) if len(returns) >= 20 else None)


@given(
    npst.arrays(np.float64, st.integers(2, 60), elements=st.sampled_from([0.5, 0.9, 1.0, 1.1, 2.0])),
    st.lists(st.integers(0, 3), min_size=60, max_size=60),
)
def test_time_under_water_is_counted_from_the_high_before_it_to_its_end(levels: np.ndarray, gaps: list[int]) -> None:
    days, equity = np.cumsum(gaps)[: len(levels)], CASH * levels
    high, high_day, longest, was_below = CASH, days[0], 0, False
    for day, value in zip(days, equity, strict=True):
        below = value < high
        longest = max(longest, day - high_day) if below or was_below else longest
        high, high_day, was_below = max(high, value), high_day if below else day, below
    assert perf.max_drawdown_days(days, equity, CASH) == longest
    assert perf.max_drawdown(equity, CASH) == perf.drawdowns(equity, CASH).min()
    assert perf.under_water(days, equity, CASH) == (perf.max_drawdown(equity, CASH), longest)


def test_returns_that_are_no_numbers_have_no_tail() -> None:
    assert perf.tail_losses(np.append(np.zeros(30), np.nan)) == (None, None)
