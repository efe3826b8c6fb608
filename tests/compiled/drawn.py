"""Random runs of signal strategies: bars with gaps, policies inside and outside of what the compiled loop knows."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from data import Dataset
from framework.domain.market import BarSeries
from framework.engine.strategy import SignalStrategy
from framework.runtime.config import Config
from tests.builders import PLAIN, daily
from tests.fills.campaign import half_hours

SYMBOLS = ("A", "B", "C", "D")
STRENGTHS = (-1.0, -0.5, 0.0, -0.0, 0.05, 0.5, 1.0, 1.0)


class Drawn(SignalStrategy):
    """Asks for what the dice say."""

    seed: int = 0
    often: float = 0.1
    long_only: bool = False

    def signals(self, bars):
        """Few opinions, most of them new."""
        dice = np.random.default_rng(self.seed)
        wanted = dice.choice(np.abs(STRENGTHS) if self.long_only else STRENGTHS, bars.close.shape)
        return np.where(dice.random(bars.close.shape) < self.often, wanted, np.nan)


@dataclass(frozen=True)
class Case:
    """A run: what it is told, by whom, and its bars."""

    config: Config
    strategy: Drawn
    dataset: Dataset


def drawn_case(number: int) -> Case:
    dice = Random(number)  # noqa: S311 - dice
    is_daily = dice.random() < 0.6
    symbols = SYMBOLS[: dice.choice((1, 1, 2, 4))]
    length = dice.choice((40, 90, 160))
    times = np.array(daily(length) if is_daily else half_hours()[:length], dtype=np.int64)
    tree = drawn_config(dice, is_daily=is_daily)
    series = {symbol: drawn_series(dice, symbol, times, has_gaps=dice.random() < 0.5) for symbol in symbols}
    first = int(times[dice.choice((0, len(times) // 3))])
    long_only = tree["broker"]["name"] == "robinhood" and dice.random() < 0.9
    strategy = Drawn(seed=number, often=dice.choice((0.03, 0.1, 0.4)), long_only=long_only)
    config = Config.model_validate({**tree, "universe": {"symbols": list(symbols)}})
    return Case(config, strategy, Dataset(series, first, ()))


def drawn_series(dice: Random, symbol: str, times: np.ndarray, *, has_gaps: bool) -> BarSeries:
    tick, close = dice.choice((0.01, 0.01, 0.25, 1.0)), dice.choice((4.0, 50.0, 100.0, 700.0))
    volume, wild = dice.choice((1e6, 1e6, 1e6, 3000.0)), dice.choice((1, 1, 4))
    rows = []
    for _ in times:
        step = tick * wild * dice.choice((1, 1, 4))
        opened = max(close + step * dice.choice((0, 0, 1, -1, 2, -3, 5)), 3.0)
        up, down = dice.choice((0, 1, 3, 8)), dice.choice((0, 1, 3, 8))
        high, low = opened + step * up, max(opened - step * down, 2.0)
        close = min(max(opened + step * dice.randint(-down, up), low), high)
        traded = 0.0 if dice.random() < 0.01 else volume
        rows.append([round(price, 4) for price in (opened, high, low, close)] + [traded])
    kept = [number for number in range(len(times)) if not has_gaps or number == 0 or dice.random() > 0.06]
    columns = np.array(rows)[kept].T.copy()
    paid = np.array([0.25 if dice.random() < 0.02 else 0.0 for _ in kept])
    return BarSeries(symbol, times[kept], *columns, paid, np.ones(len(kept)))


def drawn_config(dice: Random, *, is_daily: bool) -> dict[str, Any]:
    return {
        **PLAIN,
        "strategy": {"class": "drawn:Drawn"},
        "account": {"cash": dice.choice((3_000, 100_000, 100_000, 5_000_000))},
        "broker": {"name": dice.choice(("generic", "robinhood"))},
        "data": {"resolution": "1d" if is_daily else "30m"},
        "sizing": drawn_sizing(dice),
        "stops": drawn_stops(dice),
        "limits": drawn_limits(dice),
        "guards": drawn_guards(dice),
        "fills": {
            "path": dice.choice(("pessimistic", "optimistic", "nearest")),
            "limit_fill": dice.choice(("touch", "through")),
            "max_volume_share": dice.choice((0, 0.1)),
            "slippage": dice.choice((*("none", {"model": "bps", "bps": 20}, {"model": "half_spread", "dollars": 0.03}) * 8, "impact")),
            "fees": dice.choice(("none", "venue", "venue")),
        },
    }


def drawn_sizing(dice: Random) -> dict[str, Any]:
    return {
        "method": dice.choice((*("var", "cvar", "equal", "fixed", "fixed") * 6, "kelly")),
        "fixed_amount": dice.choice((10, 250, 20_000)),
        "fixed_unit": dice.choice(("dollars", "shares")),
        "max_position_pct": dice.choice((0.1, 0.4, 1.0)),
        "max_total_exposure_pct": dice.choice((0.8, 1.0)),
        "max_portfolio_var_pct": dice.choice((0.02, 0.02, 1.0)),
        "lookback_days": dice.choice((20, 40, 252)),
        "min_observations": dice.choice((2, 10, 60)),
    }


def drawn_stops(dice: Random) -> dict[str, Any]:
    return {
        "attach": dice.choice(("never", "entries", "entries", "targets")),
        "method": dice.choice((*("percent", "atr", "trailing") * 8, "chandelier")),
        "percent": dice.choice((0.5, 3.0)),
        "trail_percent": dice.choice((0.5, 3.0)),
        "trail_amount": dice.choice((0.0, 0.0, 0.75)),
        "atr_multiple": dice.choice((0.5, 2.0)),
        "atr_period": dice.choice((3, 14)),
        "breakeven_r": dice.choice((0.0, 0.0, 0.0, 1.0)),
        "breakeven_cost_bps": 5.0,
    }


def drawn_limits(dice: Random) -> dict[str, Any]:
    tight = {
        "max_positions": 2,
        "max_orders_per_day": 2,
        "max_orders_per_bar": 1,
        "max_order_value_dollars": 4_000.0,
        "max_position_pct": 0.2,
        "max_sector_exposure_pct": 0.15,
    }
    return {"profile": dice.choice(("venue", "conservative"))} | {name: value for name, value in tight.items() if dice.random() < 0.12}


def drawn_guards(dice: Random) -> dict[str, Any]:
    if dice.random() < 0.5:
        return {"enabled": False}
    loose = {"max_daily_loss_pct": 0, "max_drawdown_pct": 0, "profit_goal_pct": 0, "max_consecutive_losses": 0, "max_missed_bars": 0}
    tight = {"max_daily_loss_pct": 0.01, "max_drawdown_pct": 0.05, "max_missed_bars": 0, "max_consecutive_losses": 4, "max_violations": 0}
    return dice.choice((loose, tight, tight, {"max_missed_bars": 0}, {"max_missed_bars": 0, "resets_daily": False}))
