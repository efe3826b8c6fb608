"""Every strategy that comes with onetape passes the look-ahead audit, and runs on real prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.app.lookahead import audit_lookahead

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
#: Examined elsewhere: one needs intraday bars, one a model.
OTHERS = {"opening_range", "model_signal"}


def test_no_strategy_is_forgotten():
    folder = Path(__file__).resolve().parents[2] / "strategies"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "indicators", "predictions"}
    assert files == {place.partition(":")[0] for place in DAILY} | OTHERS


@pytest.mark.slow
@pytest.mark.parametrize("place", DAILY)
def test_a_strategy_does_not_see_the_future(place):
    config = {
        "strategy": {"class": f"strategies.{place}", "params": DAILY[place]},
        "universe": {"symbols": ["AAPL", "MSFT"]},
        "data": {"start": "2006-03-01", "end": "2006-10-31"},
        "broker": {"name": "generic"},
        "limits": {"profile": "venue"},
    }
    found = audit_lookahead(config, cuts=6)
    assert found.passed, found.verdict
    assert not found.silent
