"""Run a strategy: from a config to a result, in Python."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from framework.app.assemble import Simulation, backtest
from framework.app.curves import Curves, buy_and_hold
from framework.app.loader import load_strategy
from framework.domain.record import RunRecord
from framework.domain.values import MICRO
from framework.engine.strategy import description_of, params_of
from framework.errors import DataError
from framework.runtime.clock import Stopwatch, run_stamp
from framework.runtime.config import Config
from framework.runtime.hashing import inputs_hash
from framework.runtime.loading import load_config, validated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from data import Dataset
    from framework.engine.strategy import Strategy

#: Decision times between two reports of progress.
PROGRESS_STEP = 2000


class RunResult:
    """What a run left: tables as DataFrames, figures as a dict.

    Attributes:
        record: Every fact of the run, as values.
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record

    @cached_property
    def summary(self) -> dict[str, object]:
        """The figures of summary.json."""
        from framework.report.summary import summarize

        return summarize(self.record)

    @cached_property
    def fills(self) -> pd.DataFrame:
        """Fills: timestamp, symbol, side, quantity, price, fees, order_id, tag, strategy."""
        from framework.app.frames import fills_frame

        return fills_frame(self.record.fills)

    @cached_property
    def orders(self) -> pd.DataFrame:
        """Orders: a row for every state change, with its time and reason."""
        from framework.app.frames import orders_frame

        return orders_frame(self.record.orders)

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Round trips, with R multiple, MAE, MFE and bars held."""
        from framework.app.frames import trades_frame

        return trades_frame(self.record.trades)

    @cached_property
    def equity(self) -> pd.Series[float]:
        """Dollars by timestamp (UTC)."""
        from framework.app.frames import equity_series

        return equity_series(self.record)

    def save(self, folder: str | Path) -> Path:
        """Write the run folder (tables, summary, tear sheet, tape) into ``folder``; returns it.

        Raises:
            ConfigError: The folder cannot be written.
        """
        from framework.app.saving import save_run

        return save_run(self.record, Path(folder))


def run(
    config: str | Path | Config | Mapping[str, object],
    data: Mapping[str, pd.DataFrame] | None = None,
    *,
    beside: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> RunResult:
    """Run what ``config`` describes and return its result; nothing is written (see ``RunResult.save``).

    Args:
        config: A file, a ``Config``, or a dict shaped like the file.
        data: Bars by symbol instead of the configured source: columns open, high, low, close, volume (and optional dividend, split), with a
            DatetimeIndex or a timestamp column.
        beside: Folder in which the strategy's module is looked for first; the config file's own, or the current one.
        on_progress: Called now and then with (decision times done, of how many).

    Raises:
        ConfigError: The config or the strategy is wrong.
        DataError: The data is missing or broken.
    """
    watch = Stopwatch()
    resolved, folder = _resolved(config)
    strategy = load_strategy(resolved.strategy.path, resolved.strategy.params, beside or folder)
    params = params_of(strategy)  # as it starts: a strategy may use its parameters up
    dataset = load_data(resolved, data)
    simulation = backtest(resolved, strategy, dataset)
    curves = _play(simulation, dataset, on_progress)
    return RunResult(replace(_record(resolved, strategy, dataset, simulation, curves, watch), params=params))


def _resolved(config: str | Path | Config | Mapping[str, object]) -> tuple[Config, Path]:
    if isinstance(config, Config):
        return config, Path.cwd()
    if isinstance(config, (str, Path)):
        return load_config(Path(config)), Path(config).resolve().parent
    return validated(config, "config"), Path.cwd()


def load_data(config: Config, frames: Mapping[str, pd.DataFrame] | None) -> Dataset:
    """The validated bars ``config`` asks for, or those in ``frames``.

    Raises:
        DataError: They are missing or broken.
    """
    from data import DataRequest, load

    section = config.data
    request = DataRequest(
        symbols=config.universe.symbols,
        source=section.source if frames is None else "frames",
        path=section.path,
        resolution=section.resolution,
        start=section.start,
        end=section.end,
        warmup=section.warmup,
        calendar=section.calendar,
        timezone=section.timezone,
        adjust=section.adjust,
        policy=section.policy,
    )
    return load(request, frames)


def _play(simulation: Simulation, dataset: Dataset, on_progress: Callable[[int, int], None] | None) -> Curves:
    curves = Curves(simulation.engine.desk)
    total = max(len(one) for one in dataset.series.values())

    def note(timestamp: int) -> None:
        curves.note(timestamp)
        if on_progress is not None and len(curves) % PROGRESS_STEP == 0:
            on_progress(len(curves), total)

    with simulation.broker:
        simulation.engine.start(dataset.first_trade)
        simulation.driver.run(note)
        simulation.engine.stop()
    if not len(curves):
        raise DataError("no bar lies in the traded range")
    return curves


def _record(config: Config, strategy: Strategy, dataset: Dataset, simulation: Simulation, curves: Curves, watch: Stopwatch) -> RunRecord:
    from framework import __version__
    from framework.report.trades import round_trips

    journal, book, series = simulation.journal, simulation.engine.desk.book, simulation.market.series
    name = type(strategy).__name__
    timestamps = curves.timestamps
    first = int(timestamps[0])
    return RunRecord(
        run_id=f"{run_stamp()}-{config.mode}-{name}",
        mode=config.mode,
        engine=simulation.driver.name,
        strategy=name,
        description=description_of(type(strategy)),
        params=params_of(strategy),
        symbols=simulation.market.symbols,
        bars=sum(int((one.timestamp >= first).sum()) for one in series),
        initial_cash=config.account.cash,
        timestamps=timestamps,
        equity=curves.equity,
        cash=curves.cash,
        exposure=curves.exposure,
        var_95_1d=curves.var_95_1d,
        joint_var_95_1d=curves.joint_var_95_1d,
        benchmark=buy_and_hold(series, timestamps, config.account.cash),
        series=dict(zip(simulation.market.symbols, series, strict=True)),
        fills=tuple(journal.fills),
        orders=tuple(journal.orders),
        trades=round_trips(journal.fills, journal.orders, journal.dividends, dict(dataset.series)),
        dividends=tuple(journal.dividends),
        refusals=tuple(journal.refusals),
        fees=book.fees_micros / MICRO,
        slippage_cost=book.slippage_micros / MICRO,
        traded_value=book.traded_micros / MICRO,
        warnings=_warnings(simulation, dataset),
        elapsed_seconds=watch.seconds,
        decisions_hash=journal.decisions_hash,
        inputs_hash=inputs_hash(series),
        config_hash=hashlib.sha256(json.dumps(_portable(config), sort_keys=True).encode()).hexdigest(),
        version=__version__,
        config_text=config_text(config),
        events=tuple(journal.events),
        open_positions={one.symbol: float(one.quantity) for one in simulation.broker.get_positions()},
    )


def _warnings(simulation: Simulation, dataset: Dataset) -> tuple[str, ...]:
    lines = [f"{finding.symbol}: {finding.kind.value}: {finding.detail} ({finding.action})" for finding in dataset.findings]
    for symbol, bars in sorted(simulation.broker.idle_bars.items()):
        lines.append(f"{symbol}: orders waited on {bars} bars without volume")
    for code in dict.fromkeys(one.code for one in simulation.journal.transitions if one.after > one.before):
        times = [transition.timestamp for transition in simulation.journal.transitions if transition.code == code]
        lines.append(f"guard {code}: tripped {len(times)} x, first at {_utc(times[0])}")
    waiting = sum(not order.role.protects for order in simulation.engine.desk.blotter.orders.values())
    if waiting:
        lines.append(f"{waiting} orders were still working at the end and never filled")
    return tuple(lines)


def _utc(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp // 10**9, UTC):%Y-%m-%d %H:%M} UTC"


def _portable(config: Config) -> dict[str, object]:
    """The config without what differs between machines."""
    tree: dict[str, object] = config.model_dump(mode="json", by_alias=True, exclude={"data": {"path"}, "limits": {"sectors_file"}})
    return tree


def config_text(config: Config) -> str:
    """The config as resolved, as TOML; it holds no secrets, since none can be in it."""
    import tomli_w

    tree = config.model_dump(mode="python", by_alias=True, exclude_none=True)
    for section, key in (("data", "path"), ("limits", "sectors_file")):
        if key in tree[section]:
            tree[section][key] = str(tree[section][key])
    tree = {name: value for name, value in tree.items() if value != {}}
    return tomli_w.dumps(tree)
