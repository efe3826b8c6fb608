"""Every strategy that comes with onetape passes the look-ahead audit, and runs on real prices."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from framework.app.audits.lookahead import audit_lookahead
from tests.strategies.panels import frame, series, sessions

#: Strategies for daily bars, with what makes them decide within a few months.
DAILY = {
    "bull_flag:BullFlagBreakout": {"rise": 0.04, "rest": 3},
    "mean_reversion:BollingerReversion": {},
    "mean_reversion:RsiReversion": {"trend": 50},
    "minimum_variance:MinimumVariance": {"lookback": 40},
    "momentum:MomentumRotation": {"lookback": 40},
    "pairs:CointegratedPair": {"lookback": 100, "entry": 1.0, "confidence": 0.9},
    "sma_cross:SmaCross": {"fast": 3, "slow": 8},
    "trend:VolatilityTargetedTrend": {"lookback": 60},
    "vwap_reversion:VwapReversion": {"width": 1.0},
    "zones:ZoneTrader": {"touches": 2},
}
#: Examined below: one needs intraday bars, one a model, one messages.
OTHERS = {"opening_range", "model_signal", "order_flow"}
PLAIN = {"broker": {"name": "generic"}, "limits": {"profile": "venue"}, "guards": {"enabled": False}}


def test_no_strategy_is_forgotten():
    folder = Path(__file__).resolve().parents[2] / "strategies"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "indicators", "models", "predictions", "recorded_flow"}
    assert files == {place.partition(":")[0] for place in DAILY} | OTHERS


@pytest.mark.slow
@pytest.mark.parametrize("place", DAILY)
def test_a_strategy_does_not_see_the_future(place):
    config = {
        "strategy": {"class": f"strategies.{place}", "params": DAILY[place]},
        "universe": {"symbols": ["AAPL", "MSFT"]},
        "data": {"start": "2006-03-01", "end": "2006-10-31"},
        **PLAIN,
    }
    found = audit_lookahead(config, cuts=6)
    assert found.passed, found.verdict
    assert not found.silent


@pytest.mark.slow
def test_the_opening_range_does_not_see_the_future():
    days = sessions(8)
    opened = [day.tz_localize("America/New_York") + pd.Timedelta("9h30min") for day in days]
    stamps = [start + pd.Timedelta(minutes=15 * (place + 1)) for start in opened for place in range(26)]
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(2).normal(0.0, 0.004, len(stamps))))
    bars = {"IBM": frame(series("IBM", close), pd.DatetimeIndex(stamps).tz_convert("UTC"))}
    config = {
        "strategy": {"class": "strategies.opening_range:OpeningRangeBreakout", "params": {"before_close": 15}},
        "universe": {"symbols": ["IBM"]},
        "data": {"resolution": "15m", "warmup": 0, "policy": {"split_jump": "accept", "suspect_tick": "accept"}},
        **PLAIN,
    }
    found = audit_lookahead(config, bars, cuts=6)
    assert found.passed, found.verdict


@pytest.mark.slow
def test_order_flow_does_not_see_the_future(tmp_path):
    stamps = sessions(1)[0].tz_localize("America/New_York") + pd.to_timedelta(np.arange(575, 960, 5), unit="min")
    dice = np.random.default_rng(3)
    bars = {"IBM": frame(series("IBM", 100.0 * np.exp(np.cumsum(dice.normal(0.0, 0.002, len(stamps))))), stamps.tz_convert("UTC"))}
    times = np.sort(dice.integers(stamps[0].value, stamps[-1].value, 2_000)).tolist()
    lines = [
        {"ev": "T", "sym": "IBM", "p": 100.0 + dice.normal(), "s": float(dice.pareto(1.0) * 500 + 1), "t": at // 10**6, "received": at}
        for at in times
    ]
    (tmp_path / "flow.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    config = {
        "strategy": {"class": "strategies.order_flow:OrderFlowExit", "params": {"messages": str(tmp_path / "flow.jsonl"), "average": 5}},
        "universe": {"symbols": ["IBM"]},
        "data": {"resolution": "5m", "warmup": 0, "policy": {"split_jump": "accept", "suspect_tick": "accept"}},
        **PLAIN,
    }
    found = audit_lookahead(config, bars, cuts=6)
    assert found.passed, found.verdict
    assert not found.silent


@pytest.mark.slow
def test_a_model_over_features_of_the_past_does_not_see_the_future(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = "import numpy as np\n\n\ndef lag(bars):\n    return {'lag': np.diff(np.log(bars.close), axis=0, prepend=np.nan)}\n"
    (tmp_path / "features_of_the_past.py").write_text(text, encoding="utf-8")
    joblib.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, -20.0]), "model.joblib")
    params = {"model": "model.joblib", "features": "features_of_the_past:lag", "gates": "var_95_1d < 0.2", "halt": 0.9}
    config = {
        "strategy": {"class": "strategies.model_signal:ModelSignal", "params": params},
        "universe": {"symbols": ["AAPL", "MSFT"]},
        "data": {"start": "2006-03-01", "end": "2006-06-30"},
        **PLAIN,
    }
    found = audit_lookahead(config, cuts=6)
    assert found.passed, found.verdict
