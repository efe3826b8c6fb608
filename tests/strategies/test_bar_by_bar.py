"""The strategies that decide bar by bar, run over constructed bars: they enter where the pattern is, and leave where it ends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from framework.errors import ConfigError, StrategyError
from strategies.bull_flag import find_flag
from strategies.minimum_variance import minimum_variance
from strategies.zones import Zone, find_zones, pivots
from tests.strategies.panels import frame, played, series, sessions

# Bull flag.


def flagged(volume_of_rest=4e5, depth=0.02):
    """30 quiet bars, a pole of 12 %, a rest of five bars, a breakout, and a rise by the pole's height."""
    quiet = np.full(30, 100.0) + np.tile([0.1, -0.1], 15)
    pole = 100.0 * 1.12 ** (np.arange(1, 11) / 10.0)
    rest = pole[-1] * (1.0 - depth * np.array([0.3, 0.6, 1.0, 0.9, 0.7]))
    after = pole[-1] * 1.01 ** np.arange(1, 26)
    close = np.concatenate([quiet, pole, rest, after])
    volume = np.concatenate([np.full(30, 1e6), np.full(10, 3e6), np.full(5, volume_of_rest), np.full(25, 2e6)])
    one = series("IBM", close, volume)
    return {"IBM": frame(one, sessions(len(close)))}


def test_a_flag_is_bought_at_its_breakout_and_left_at_the_pole_s_height():
    done = played("strategies.bull_flag:BullFlagBreakout", flagged(), {"hold": 60})
    (entry, leave) = done.fills.itertuples()
    days = sessions(70)
    assert entry.timestamp.date() == days[46].date()  # decided at the close of bar 45, the first above the flag
    trade = done.trades.iloc[0]
    assert trade.pnl > 0.0
    assert leave.price / entry.price == pytest.approx(1.12, abs=0.03)
    stops = done.orders[done.orders["order_type"] == "stop_loss"]
    assert stops["stop_price"].astype(float).iloc[0] == pytest.approx(112.0 * 0.98 * 0.998, abs=0.1)


@pytest.mark.parametrize("bars", [flagged(volume_of_rest=5e6), flagged(depth=0.12)], ids=["loud", "deep"])
def test_a_loud_or_a_deep_rest_is_no_flag(bars):
    done = played("strategies.bull_flag:BullFlagBreakout", bars)
    assert all(fill.timestamp > sessions(70)[50].tz_localize("UTC") for fill in done.fills.itertuples())


def test_a_position_is_left_after_so_many_bars():
    done = played("strategies.bull_flag:BullFlagBreakout", flagged(), {"hold": 3})
    entry, leave = done.fills["timestamp"][:2]
    assert len(pd.bdate_range(entry.date(), leave.date())) <= 7


def test_a_flag_is_described_by_its_pole_and_its_range():
    bars = flagged()["IBM"].iloc[:45]
    found = find_flag(*(bars[name].to_numpy() for name in ("high", "low", "volume")), 10, 5, 0.08, 0.5)
    assert found.top == pytest.approx(112.0, rel=0.01)
    assert found.low == pytest.approx(112.0 * 0.98, rel=0.01)
    assert find_flag(*(bars[name].to_numpy()[:10] for name in ("high", "low", "volume")), 10, 5, 0.08, 0.5) is None


# Opening range.


def intraday(second_day):
    """Two sessions of five-minute bars; on each the first six move between 99 and 101, the rest are ``second_day`` on the second."""
    stamps, close = [], []
    for day, path in zip(sessions(2), (np.full(72, 100.0), second_day), strict=True):
        opened = day.tz_localize("America/New_York") + pd.Timedelta("9h30min")
        stamps += [opened + pd.Timedelta(minutes=5 * (place + 1)) for place in range(78)]
        close += [100.0, 101.0, 99.0, 100.0, 100.5, 100.0, *path]
    one = series("IBM", close, spread=0.0005)
    return {"IBM": frame(one, pd.DatetimeIndex(stamps).tz_convert("UTC"))}


def test_the_first_close_above_the_range_is_bought_and_the_day_ends_flat():
    path = np.concatenate([np.full(20, 100.2), np.linspace(101.5, 104.0, 52)])
    done = played("strategies.opening_range:OpeningRangeBreakout", intraday(path), resolution="5m")
    entry, leave = done.fills.itertuples()
    opened = sessions(2)[1].tz_localize("America/New_York") + pd.Timedelta("9h30min")
    assert entry.timestamp == opened + pd.Timedelta(minutes=5 * 28)
    assert leave.timestamp == opened + pd.Timedelta(minutes=390 - 5)
    assert leave.price > entry.price
    stop = done.orders[done.orders["order_type"] == "stop_loss"]["stop_price"].astype(float).iloc[0]
    assert stop == pytest.approx(99.0 * 0.9995, abs=0.02)


def test_a_day_that_stays_inside_its_range_is_left_alone():
    assert played("strategies.opening_range:OpeningRangeBreakout", intraday(np.full(72, 100.3)), resolution="5m").fills.empty


def test_daily_bars_have_no_opening_range():
    with pytest.raises(ConfigError, match="OpeningRangeBreakout needs intraday bars"):
        played("strategies.opening_range:OpeningRangeBreakout", flagged())


# Zones.


def ranging(tail):
    """Four swings between 100 and 110, ten bars each way, and then ``tail``."""
    swing = np.concatenate([np.linspace(100.0, 110.0, 11)[:-1], np.linspace(110.0, 100.0, 11)[:-1]])
    close = np.concatenate([np.tile(swing, 4), tail])
    return {"IBM": frame(series("IBM", close, spread=0.001), sessions(len(close)))}


def test_turns_are_known_when_both_sides_are():
    path = np.array([1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 4.0])
    assert sorted(pivots(path, path, 2)) == [1.0, 3.0]
    assert pivots(path[:4], path[:4], 2).size == 0


def test_zones_are_groups_of_turns():
    assert find_zones(np.array([100.0, 100.4, 110.0, 100.2, 120.0, 110.1]), 0.5, 2) == [Zone(100.0, 100.4, 3), Zone(110.0, 110.1, 2)]
    assert find_zones(np.array([]), 0.5, 2) == []
    assert Zone(1.0, 2.0, 3).holds(2.0)
    assert not Zone(1.0, 2.0, 3).holds(2.1)


def test_a_bounce_at_support_is_bought_and_sold_at_resistance():
    done = played(
        "strategies.zones:ZoneTrader", ranging([100.05, 101.5, 103.0, 104.5, 106.0, 107.5, 109.0, 110.0, 109.0, 108.0]), {"touches": 3}
    )
    entry, leave = done.fills.itertuples()
    # The third turn at 100 is at bar 60; it closes above its zone, and higher than it opened, at bar 61.
    assert entry.timestamp.date() == sessions(90)[62].date()
    assert (entry.price, leave.price) == (101.0, 110.0)


def test_a_close_through_resistance_is_bought_and_left_when_the_zone_is_lost():
    bars = ranging([102.0, 104.0, 106.0, 108.0, 112.0, 113.0, 114.0, 108.0, 107.0, 106.0])
    done = played("strategies.zones:ZoneTrader", bars, {"mode": "breakout"}, stops={"attach": "never"})
    entry, leave = done.fills.itertuples()
    assert entry.timestamp.date() == sessions(90)[85].date()
    assert leave.timestamp.date() == sessions(90)[88].date()


def test_another_mode_is_refused():
    with pytest.raises(ConfigError, match=r"ZoneTrader\.mode = 'sideways'; allowed: bounce, breakout"):
        played("strategies.zones:ZoneTrader", flagged(), {"mode": "sideways"})


# Minimum variance.


def test_the_weights_are_those_of_the_formula_where_none_is_short():
    covariance = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])
    inverse = np.linalg.inv(covariance) @ np.ones(3)
    assert minimum_variance(covariance) == pytest.approx(inverse / inverse.sum())


def test_no_other_weights_without_shorts_have_less_variance():
    generator = np.random.default_rng(3)
    root = generator.normal(size=(4, 4))
    covariance = root @ root.T + 0.05 * np.eye(4) + 2.0  # a common factor: the formula would be short
    best = minimum_variance(covariance)
    assert best.min() >= 0.0
    assert best.sum() == pytest.approx(1.0)
    others = generator.dirichlet(np.ones(4), 5_000)
    assert best @ covariance @ best <= np.einsum("ij,jk,ik->i", others, covariance, others).min() + 1e-12


def test_the_portfolio_holds_more_of_what_is_calm():
    generator = np.random.default_rng(4)
    calm, wild = (100.0 * np.exp(np.cumsum(generator.normal(0.0, size, 160))) for size in (0.005, 0.02))
    days = sessions(160)
    bars = {"CALM": frame(series("CALM", calm), days), "WILD": frame(series("WILD", wild), days)}
    done = played("strategies.minimum_variance:MinimumVariance", bars, {"lookback": 60, "shrink": 0.1}, stops={"attach": "never"})
    first = done.fills.groupby("symbol").first()
    value = first["quantity"].astype(float) * first["price"].astype(float)
    assert value["CALM"] / value.sum() > 0.85
    assert value.sum() == pytest.approx(90_000.0, rel=0.05)


# The adapter.


def test_an_adapter_without_its_questions_says_which_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asked.py").write_text(
        "from framework import EntryExitStrategy\n\n\nclass Mine(EntryExitStrategy):\n    def should_exit(self, symbol, position):\n"
        "        return False\n",
        encoding="utf-8",
    )
    with pytest.raises(StrategyError, match=r"Mine must define should_enter\(self, symbol, data\)"):
        played("asked:Mine", flagged())


def test_the_questions_are_asked_of_flat_and_of_held_symbols(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.py").write_text(
        "from framework import EntryExitStrategy\n\n\nclass Mine(EntryExitStrategy):\n"
        "    def should_enter(self, symbol, data):\n        return len(data.bars) == 5 and data.equity > 0 and data.now.year == 2010\n"
        "    def should_exit(self, symbol, position):\n        assert position.quantity > 0 and position.symbol == symbol\n"
        "        return len(self.data(symbol).bars) == 9\n    def strength(self, symbol, data):\n        return 0.5\n",
        encoding="utf-8",
    )
    done = played("answers:Mine", flagged(), stops={"attach": "never"})
    days = sessions(70)
    assert [fill.timestamp.date() for fill in done.fills.itertuples()] == [days[5].date(), days[9].date()]
    assert done.fills["tag"].tolist() == ["entry", "exit"]
