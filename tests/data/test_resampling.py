"""Resampling by sessions: bars count from the open, and none reaches over a close."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.resampling import resampled
from framework.domain.market import BarSeries
from framework.errors import ConfigError


def minutes(day, count=390, step=1):
    """Bars of a session of New York that opens at 09:30."""
    opened = pd.Timestamp(f"{day} 09:30", tz="America/New_York").tz_convert("UTC").value
    return opened + np.arange(step, count + 1, step) * 60 * 10**9


def series(times, seed=1):
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.001, len(times))))
    start = np.concatenate([[100.0], close])[:-1]
    high, low = np.maximum(start, close) * 1.001, np.minimum(start, close) * 0.999
    dividend, split = np.zeros(len(times)), np.ones(len(times))
    return BarSeries("IBM", np.asarray(times), start, high, low, close, np.arange(len(times)) + 1.0, dividend, split)


def stamps(one):
    return pd.to_datetime(one.timestamp, utc=True).tz_convert("America/New_York").strftime("%Y-%m-%d %H:%M").tolist()


def test_hours_count_from_the_open_and_end_with_the_session():
    found = resampled(series(minutes("2012-07-02")), "1h")
    assert stamps(found) == [f"2012-07-02 {hour}" for hour in ("10:30", "11:30", "12:30", "13:30", "14:30", "15:30", "16:00")]
    assert found.volume[-1] == sum(range(361, 391))


def test_a_short_day_ends_at_its_own_close():
    found = resampled(series(minutes("2012-07-03", 210)), "1h")
    assert stamps(found)[-1] == "2012-07-03 13:00"
    assert stamps(resampled(series(minutes("2012-07-03", 210)), "1d")) == ["2012-07-03 13:00"]


def test_days_hold_what_their_minutes_held():
    times = np.concatenate([minutes("2012-07-02"), minutes("2012-07-03", 210), minutes("2012-07-05")])
    fine = series(times)
    found = resampled(fine, "1d")
    assert len(found) == 3
    for place, part in enumerate((slice(0, 390), slice(390, 600), slice(600, 990))):
        assert found.open[place] == fine.open[part][0]
        assert found.high[place] == fine.high[part].max()
        assert found.low[place] == fine.low[part].min()
        assert found.close[place] == fine.close[part][-1]
        assert found.volume[place] == fine.volume[part].sum()


@given(missing=st.sets(st.integers(0, 389), max_size=300), length=st.sampled_from([5, 15, 30, 60, 120]))
def test_missing_minutes_move_no_bar(missing, length):
    times = np.delete(minutes("2012-07-02"), sorted(missing))
    fine = series(times)
    found = resampled(fine, f"{length}m" if length < 60 else f"{length // 60}h")
    opened = minutes("2012-07-02")[0] - 60 * 10**9
    edges = [min(length * place, 390) for place in range(1, -(-390 // length) + 1)]
    assert set((found.timestamp - opened) // (60 * 10**9)) <= set(edges)
    assert found.volume.sum() == fine.volume.sum()
    assert (np.diff(found.timestamp) > 0).all()
    assert resampled(found, "1d").close[0] == fine.close[-1]


def test_dividends_and_splits_stay():
    fine = series(minutes("2012-07-02"))
    dividend, split = np.zeros(390), np.ones(390)
    dividend[0], split[0] = 0.5, 2.0
    from dataclasses import replace

    found = resampled(replace(fine, dividend=dividend, split=split), "2h")
    assert found.dividend.tolist() == [0.5, 0.0, 0.0, 0.0]
    assert found.split.tolist() == [2.0, 1.0, 1.0, 1.0]


def test_another_resolution_is_refused_and_nothing_stays_nothing():
    with pytest.raises(ConfigError, match="resample to '1w'; allowed: 1d, or minutes or hours"):
        resampled(series(minutes("2012-07-02")), "1w")
    assert len(resampled(series(np.empty(0, np.int64)), "1d")) == 0
