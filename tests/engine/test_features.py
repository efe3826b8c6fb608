"""Risk features for strategies: the value of now is the column's row, bit for bit, in a run; and both are what pandas says."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from framework.engine.panel import panel_of
from framework.engine.strategy import SignalStrategy, Strategy
from framework.errors import ConfigError, InvalidOrderError
from framework.rules.risk.features import FEATURES
from tests.builders import bars, daily, minutes, play, still

SESSIONS = 300


def walk(symbol: str, times, seed: int, dividends=None):
    """Random bars at ``times``."""
    closes = 50 * np.exp(np.cumsum(np.random.default_rng(seed).standard_t(4, len(times)) * 0.01))
    return bars(symbol, [(price, price * 1.01, price * 0.99, price) for price in closes.tolist()], times, dividends)


class Both(SignalStrategy):
    """Keeps the columns, and what is said bar by bar."""

    def on_start(self, ctx) -> None:  # noqa: ARG002
        self._said: dict[str, list[tuple[int, str, float]]] = {name: [] for name in FEATURES}

    def signals(self, bars):
        self._columns = {name: bars.feature(name) for name in FEATURES}
        self._panel = bars
        return np.full(bars.close.shape, np.nan)

    def on_bar(self, ctx) -> None:
        now = round(ctx.now.timestamp()) * 10**9
        for name, said in self._said.items():
            said += [(now, symbol, ctx.feature(symbol, name)) for symbol in ctx.symbols]


def said_and_columns(*series, **config):
    strategy = Both()
    play(strategy, *series, **config)
    return strategy._panel, strategy._said, strategy._columns


def check_equal(panel, said, columns) -> int:
    """Every value said where the symbol had a bar is the column's, bit for bit; gives how many there were that are numbers."""
    numbers = 0
    for name in FEATURES:
        rows = dict(zip(panel.timestamp.tolist(), range(len(panel.timestamp)), strict=True))
        for time, symbol, value in said[name]:
            row, column = rows[time], panel.symbols.index(symbol)
            if np.isnan(panel.close[row, column]):
                assert np.isnan(columns[name][row, column])
                continue
            assert np.float64(value).tobytes() == columns[name][row, column].tobytes()
            numbers += not np.isnan(value)
    return numbers


def test_the_value_of_now_is_the_row_of_the_column():
    # B starts later, C has gaps: each has its own 252 returns.
    times = daily(SESSIONS)
    series = (
        walk("A", times, 1, {40: 0.5, 200: 1.0}),
        walk("B", times[20:], 2),
        walk("C", [time for number, time in enumerate(times) if number % 17 or number < 2], 3),
    )
    panel, said, columns = said_and_columns(*series)
    counts = [SESSIONS - 252, SESSIONS - 20 - 252, len(series[2]) - 252]
    assert check_equal(panel, said, columns) == sum(counts) * len(FEATURES)
    assert counts[2] > 20


def test_within_a_session_the_value_is_that_of_the_sessions_before_it():
    days = [date.fromordinal(date(2012, 1, 3).toordinal() + offset) for offset in range(400)]
    closes = {pd.Timestamp(time, unit="ns").date(): time for time in daily(260)}
    times = [time for day in days if day in closes for time in minutes(day, (60, 200))]
    panel, said, columns = said_and_columns(walk("A", times, 4), walk("B", times[7:], 5), data={"resolution": "1m"})
    assert check_equal(panel, said, columns) > 50
    column = columns["var_95_1d"][:, 0]
    known = np.flatnonzero(~np.isnan(column))
    # A session is complete when the next one's first bar has closed: 253 sessions are 252 returns.
    assert known[0] == 2 * 253
    assert (column[known[::2]] == column[known[1::2]]).all()


@pytest.mark.parametrize(("name", "share"), [("var_95_1d", 0.05), ("var_99_1d", 0.01)])
def test_a_column_is_the_rolling_quantile_of_total_returns(name, share):
    series = walk("A", daily(SESSIONS), 6, {100: 0.7})
    close, paid = pd.Series(series.close), pd.Series(series.dividend)
    expected = -((close + paid) / close.shift() - 1).rolling(252).quantile(share)
    np.testing.assert_allclose(panel_of([series]).feature(name)[:, 0], expected, rtol=1e-12)


def test_ten_days_are_overlapping_compounded_periods():
    series = walk("A", daily(SESSIONS), 7)
    growth = pd.Series(series.close).pct_change() + 1
    periods = growth.rolling(10).apply(np.prod, raw=True) - 1
    expected = -periods.rolling(243).quantile(0.05)
    np.testing.assert_allclose(panel_of([series]).feature("var_95_10d")[:, 0], expected, rtol=1e-9)


def test_a_column_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        panel_of([walk("A", daily(10), 8)]).feature("var_95_1d")[0, 0] = 1.0


class Asks(Strategy):
    symbol: str = "A"
    name: str = "var_95_1d"

    def on_bar(self, ctx) -> None:
        ctx.feature(self.symbol, self.name)


def test_an_unknown_name_is_refused_with_those_there_are_and_its_place():
    with pytest.raises(ConfigError, match=r"no risk feature 'var_95'; choose one of var_95_1d, cvar_95_1d, .*Asks\.on_bar at 2012-01-03"):
        play(Asks(name="var_95"), bars("A", still(100, 3)))
    with pytest.raises(ConfigError, match="no risk feature 'beta'"):
        panel_of([bars("A", still(100, 3))]).feature("beta")
    with pytest.raises(InvalidOrderError, match="'Z' is not in the universe"):
        play(Asks(symbol="Z"), bars("A", still(100, 3)))
