"""What else could have happened to a strategy: its days and trades drawn again, and three crashes laid over its bars."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.app.assembly.loader import load_strategy
from framework.app.backtest.run import load_data, play, resolved_config
from framework.app.sweeps.trials import returns_of
from framework.engine.indicators import Indicators
from framework.report.dates import iso_dates, session_days
from framework.research.stress import SCENARIOS, fall, stressed
from framework.rules.inference.bootstrap import bootstrap_paths
from framework.rules.risk.montecarlo import generator_of
from framework.runtime.clock import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from data import Dataset
    from framework.domain.market import Floats
    from framework.domain.record import RunRecord
    from framework.research.stress import Scenario
    from framework.rules.inference.bootstrap import Paths
    from framework.runtime.config import Config

QUANTILES = (0.05, 0.5, 0.95)


class Stress(NamedTuple):
    """A crash met by the strategy as it stood on ``day``: deepest fall within it, and that of the market; fractions, at most 0."""

    scenario: str
    day: str
    fall: float
    market: float


class Bounds(NamedTuple):
    """What passes: the share of paths that lose money at most, and the deepest fall in 95 of 100 paths and in every crash."""

    loss_probability: float = 0.10
    drawdown: float = 0.50


@dataclass(frozen=True, slots=True, eq=False)
class MonteCarloAudit:
    """What else could have happened.

    Attributes:
        strategy: The class, "module:Class".
        days: Paths made of blocks of daily returns.
        trades: Paths made of the profits of round trips, as fractions of the starting cash.
        stresses: Every crash at every place it was laid.
        bounds: What passes.
        paths, block: How many paths, and the average length of a block of days.
        note: Why there are no stresses.
    """

    strategy: str
    days: Paths
    trades: Paths
    stresses: tuple[Stress, ...]
    bounds: Bounds
    paths: int
    block: float
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the paths are there, and neither they nor the crashes are worse than the bounds."""
        deepest = min([_quantile(self.days.drawdown, 0.05), *(one.fall for one in self.stresses)])
        return self.days.loss_probability <= self.bounds.loss_probability and -deepest <= self.bounds.drawdown

    @property
    def summary(self) -> dict[str, object]:
        """What ``onetape audit montecarlo --json`` prints; a figure that does not exist is ``None``."""
        return {
            "strategy": self.strategy,
            "passed": self.passed,
            "paths": self.paths,
            "block": self.block,
            "days": _distribution(self.days),
            "trades": _distribution(self.trades, leaving="sharpe"),
            "stress": [one._asdict() for one in self.stresses],
            "bounds": self.bounds._asdict(),
            "notes": [note for note in (self.days.note, self.trades.note, self.note) if note],
        }


def _quantile(values: Floats, share: float) -> float:
    return float(np.quantile(values, share)) if values.size else math.nan


def _distribution(paths: Paths, leaving: str = "") -> dict[str, object] | None:
    """Quantiles of the figures of ``paths`` but one, ``leaving``: trades have no year."""
    if not paths.growth.size:
        return None
    columns = {"total_return": paths.growth, "sharpe": paths.sharpe, "max_drawdown": paths.drawdown}
    quantiles = {
        name: {f"{share:.0%}": _quantile(values, share) for share in QUANTILES} for name, values in columns.items() if name != leaving
    }
    return {"loss_probability": paths.loss_probability, **quantiles}


def audit_montecarlo(
    config: str | Path | Config | Mapping[str, object],
    data: Mapping[str, pd.DataFrame] | None = None,
    *,
    paths: int = 1_000,
    block: float = 20.0,
    places: int = 4,
    seed: int = 0,
    bounds: Bounds = Bounds(),  # noqa: B008 - it cannot change
    beside: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> MonteCarloAudit:
    """Run a strategy, draw its days and trades again, and let it meet three crashes at ``places`` moments each.

    Args:
        config: As for ``run``.
        data: As for ``run``.
        paths: How many are drawn.
        block: Average length, in sessions, of the blocks of days that are drawn together.
        places: How many moments, evenly apart, each crash is laid on; 0 for none.
        seed: Of the draws.
        bounds: What passes.
        beside: As for ``run``.
        on_progress: Called with (runs done, of how many).

    Raises:
        ConfigError: The config or the strategy is wrong.
        DataError: The data is missing or broken.
    """
    resolved, folder = resolved_config(config)
    dataset = load_data(resolved, data)
    player = _Player(resolved, beside or folder)
    record = player.play(dataset)
    generator = generator_of(seed)
    returns = returns_of(record)
    gains = np.array([trade.pnl for trade in record.trades], dtype=np.float64) / record.initial_cash
    note = "" if resolved.data.resolution == "1d" else "crashes are days: they are laid over daily bars only"
    return MonteCarloAudit(
        strategy=resolved.strategy.path,
        days=bootstrap_paths(returns, min(block, float(max(len(returns), 1))), paths, generator),
        trades=bootstrap_paths(gains, 1.0, paths, generator, compound=False),
        stresses=() if note else tuple(_stresses(player, dataset, record, places, on_progress)),
        bounds=bounds,
        paths=paths,
        block=block,
        note=note,
    )


class _Player:
    """Runs the strategy of a config over any bars."""

    def __init__(self, config: Config, beside: Path) -> None:
        self._config, self._beside = config, beside

    def play(self, dataset: Dataset) -> RunRecord:
        section = self._config.strategy
        strategy = load_strategy(section.path, section.params, self._beside, section.cerebro)
        return play(self._config, strategy, dataset, Stopwatch(), forecasts=False)


def _stresses(
    player: _Player, dataset: Dataset, record: RunRecord, places: int, on_progress: Callable[[int, int], None] | None
) -> list[Stress]:
    times = record.timestamps
    found = []
    for scenario in SCENARIOS:
        room = len(times) - len(scenario.returns)
        starts = [int(times[room * (place + 1) // (places + 1)]) for place in range(places)] if room > places else []
        found += [_stress(player, dataset, scenario, start) for start in starts]
        if on_progress is not None:
            on_progress(len(found), places * len(SCENARIOS))
    return found


def _stress(player: _Player, dataset: Dataset, scenario: Scenario, start: int) -> Stress:
    bars = stressed(dataset.series, scenario, start)
    # A symbol without a bar before the crash does not take part in it.
    there = {symbol: one for symbol, one in bars.items() if one is not dataset.series[symbol]}
    record = player.play(replace(dataset, series=there, finer={}, indicators=Indicators()))
    first = int(np.searchsorted(record.timestamps, start))
    value = record.equity[first - 1 :]
    (day,) = iso_dates(session_days(np.array([start])))
    return Stress(scenario.name, day, fall(value[1:] / value[:-1] - 1.0), fall(np.array(scenario.returns)))
