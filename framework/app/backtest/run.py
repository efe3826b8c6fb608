"""Run a strategy: from a config to a result, in Python."""

from __future__ import annotations

from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.app.assembly.assemble import Ground, Simulation, backtest, ground_of
from framework.app.assembly.hosting import analyses_of, as_strategy_reads, as_strategy_sees, notes_of
from framework.app.assembly.loader import load_strategy
from framework.app.assembly.other_strategy import with_class
from framework.app.assembly.resolved import config_hash, config_text
from framework.app.backtest.booked import Booked, booked_by, finding_lines, in_shares
from framework.app.backtest.compiling import by_loop
from framework.app.backtest.curves import Curves, buy_and_hold
from framework.app.backtest.recorded import Noting, by_recording
from framework.domain.record import RunRecord
from framework.domain.values import MICRO
from framework.engine.strategy import SignalStrategy, description_of, params_of
from framework.errors import ConfigError, DataError
from framework.runtime.clock import Stopwatch, run_stamp
from framework.runtime.collector import seldom_collected
from framework.runtime.config import Config
from framework.runtime.hashing import inputs_hash
from framework.runtime.loading import load_config, validated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from matplotlib.figure import Figure

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
        from framework.app.backtest.frames import fills_frame

        return fills_frame(self.record.fills)

    @cached_property
    def orders(self) -> pd.DataFrame:
        """Orders: a row for every state change, with its time and reason."""
        from framework.app.backtest.frames import orders_frame

        return orders_frame(self.record.orders)

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Round trips, with R multiple, MAE, MFE and bars held."""
        from framework.app.backtest.frames import trades_frame

        return trades_frame(self.record.trades)

    @cached_property
    def equity(self) -> pd.Series[float]:
        """Dollars by timestamp (UTC)."""
        from framework.app.backtest.frames import equity_series

        return equity_series(self.record)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """The curves of the account by timestamp (UTC).

        Dollars: equity, cash and benchmark (buy and hold). Fractions of equity: exposure and the forecasts of the next session's VaR and
        expected shortfall, var_1d, cvar_1d, joint_var_1d and joint_cvar_1d, NaN where there is none.
        """
        from framework.app.backtest.frames import curves_frame

        return curves_frame(self.record)

    def bars(self, symbol: str) -> pd.DataFrame:
        """The bars of ``symbol`` by timestamp (UTC), warm-up included: open, high, low, close, volume, in the shares of the last day.

        Raises:
            MissingDataError: The run had no such symbol.
        """
        from framework.app.backtest.frames import bars_frame

        return bars_frame(self.record.series, symbol)

    def plot(self, symbol: str | None = None) -> Figure:
        """Equity beside buy and hold, or the closes of ``symbol`` with its trades; a matplotlib figure, which a notebook shows.

        Raises:
            MissingDataError: The run had no such symbol, or it has no bar to draw.
        """
        from framework.app.backtest.showing import equity_picture, trades_picture

        return equity_picture(self.record) if symbol is None else trades_picture(self.record, symbol)

    def _repr_html_(self) -> str:
        """The headline figures, as a notebook shows them."""
        from framework.app.backtest.showing import headline_table

        return headline_table(self.summary)

    @property
    def analyzers(self) -> Mapping[str, object]:
        """What each analyzer of a backtrader strategy found, by its name; empty for other strategies."""
        return self.record.analyses

    def save(self, folder: str | Path) -> Path:
        """Write the run folder (tables, summary, tear sheet, tape) into ``folder``; returns it.

        Raises:
            ConfigError: The folder cannot be written.
        """
        from framework.app.folders.saving import save_run

        return save_run(self.record, Path(folder))


def run(
    config: str | Path | Config | Mapping[str, object],
    data: Mapping[str, pd.DataFrame] | None = None,
    *,
    strategy: type[object] | None = None,
    finer: Mapping[str, pd.DataFrame] | None = None,
    beside: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> RunResult:
    """Run what ``config`` describes and return its result; nothing is written (see ``RunResult.save``).

    Args:
        config: A file, a ``Config``, or a dict shaped like the file.
        data: Bars by symbol instead of the configured source: columns open, high, low, close, volume (and optional dividend, split), with a
            DatetimeIndex or a timestamp column.
        strategy: A class instead of the one the config names, such as one written in a notebook. It takes the ``params`` of a dict; those
            of a file or a ``Config`` belong to the strategy they were written for.
        finer: The same for the bars of ``[data] finer``.
        beside: Folder in which the strategy's module is looked for first; the config file's own, or the current one.
        on_progress: Called now and then with (decision times done, of how many).

    Raises:
        ConfigError: The config or the strategy is wrong.
        DataError: The data is missing or broken.
    """
    watch = Stopwatch()
    resolved, folder = resolved_config(config if strategy is None else with_class(config, strategy))
    if resolved.mode != "backtest":
        raise ConfigError(f'mode = "{resolved.mode}" is a session, which `onetape {resolved.mode}` plays; run() plays mode = "backtest"')
    section = resolved.strategy
    loaded = load_strategy(section.path, section.params, beside or folder, section.cerebro, strategy)
    with seldom_collected():
        dataset = load_data(resolved, data, finer)
    return RunResult(play(resolved, loaded, dataset, watch, on_progress))


def play(
    config: Config,
    strategy: Strategy,
    dataset: Dataset,
    watch: Stopwatch,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    forecasts: bool = True,
) -> RunRecord:
    """The facts of one run of ``strategy`` over bars that are loaded already; ``watch`` started with the work that is to be counted.

    Without ``forecasts`` the record's VaR forecasts are NaN. They are a third of the work, and nothing else in it depends on them.
    """
    params = params_of(strategy)  # as it starts: a strategy may use its parameters up
    config, dataset = as_strategy_reads(strategy, config), as_strategy_sees(strategy, dataset)
    ground = ground_of(config, dataset)
    simulate = cache(partial(backtest, config, strategy, dataset, ground))
    if isinstance(strategy, SignalStrategy):
        told = by_loop(config, strategy, dataset, ground, simulate, forecasts=forecasts)
    else:
        noting = _noting(Curves(simulate().engine.desk, forecasts=forecasts), dataset, on_progress)
        told = by_recording(config, strategy, dataset, simulate(), noting, forecasts=forecasts)
    if told.booked is None:
        simulation = simulate()
        curves = _play(simulation, dataset, _noting(Curves(simulation.engine.desk, forecasts=forecasts), dataset, on_progress))
        booked, engine = booked_by(simulation, curves, config.account.type), simulation.driver.name
    else:
        if on_progress is not None:
            on_progress(len(told.booked.timestamps), len(told.booked.timestamps))
        booked, engine = told.booked, told.engine
    return _recorded(config, strategy, dataset, ground, booked, watch, _Driven(params, engine, told.why))


def resolved_config(config: str | Path | Config | Mapping[str, object]) -> tuple[Config, Path]:
    """The config and the folder its strategy's module is looked for in first.

    Raises:
        ConfigError: It is wrong.
    """
    if isinstance(config, Config):
        return config, Path.cwd()
    if isinstance(config, (str, Path)):
        return load_config(Path(config)), Path(config).resolve().parent
    return validated(config, "config"), Path.cwd()


def load_data(config: Config, frames: Mapping[str, pd.DataFrame] | None, finer: Mapping[str, pd.DataFrame] | None = None) -> Dataset:
    """The validated bars ``config`` asks for, or those in ``frames`` and ``finer``.

    Raises:
        DataError: They are missing or broken.
    """
    from data import DataRequest, load

    section = config.data
    if section.source == "robinhood" and frames is None:
        from framework.app.robinhood.past_bars import robinhood_frames

        frames = robinhood_frames(config)
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
        actions=section.actions,
        finer=section.finer,
        finer_path=section.finer_path,
    )
    return load(request, frames, finer)


def _noting(curves: Curves, dataset: Dataset, on_progress: Callable[[int, int], None] | None) -> Noting:
    """Let ``curves`` be written, and ``on_progress`` be told now and then."""
    if on_progress is None:
        return Noting(curves, curves.note, lambda _: None)
    total = max(len(one) for one in dataset.series.values())

    def note(timestamp: int) -> None:
        curves.note(timestamp)
        if len(curves) % PROGRESS_STEP == 0:
            on_progress(len(curves), total)

    return Noting(curves, note, lambda done: on_progress(done, total))


def _play(simulation: Simulation, dataset: Dataset, noting: Noting) -> Curves:
    with simulation.broker, seldom_collected():
        simulation.engine.start(dataset.first_trade)
        simulation.driver.run(noting.on_slice)
        simulation.engine.stop()
    if not len(noting.curves):
        raise DataError("no bar lies in the traded range")
    return noting.curves


class _Driven(NamedTuple):
    """Of what and by whom: the strategy's parameters as it started, the driver, and why it was that one."""

    params: Mapping[str, object]
    engine: str
    reason: str


def record_of(config: Config, strategy: Strategy, dataset: Dataset, simulation: Simulation, curves: Curves, watch: Stopwatch) -> RunRecord:
    """The facts of a run that has ended."""
    driven = _Driven(params_of(strategy), simulation.driver.name, simulation.reason)
    return _recorded(config, strategy, dataset, simulation, booked_by(simulation, curves, config.account.type), watch, driven)


def _recorded(
    config: Config, strategy: Strategy, dataset: Dataset, ground: Ground | Simulation, booked: Booked, watch: Stopwatch, driven: _Driven
) -> RunRecord:
    from framework import __version__

    series, name, told = tuple(ground.market.adjusted), type(strategy).__name__, notes_of(strategy)
    finer = {one.series.symbol: one.series for one in dataset.finer.values()}
    timestamps = booked.timestamps
    first = int(timestamps[0])
    return RunRecord(
        run_id=f"{run_stamp()}-{config.mode}-{name}",
        mode=config.mode,
        engine=driven.engine,
        engine_reason=driven.reason,
        strategy=name,
        description=description_of(type(strategy)),
        params=driven.params,
        symbols=ground.market.symbols,
        bars=sum(len(one) - int(np.searchsorted(one.timestamp, first)) for one in series),
        initial_cash=config.account.cash,
        timestamps=timestamps,
        equity=booked.equity,
        cash=lambda: booked.cash,
        exposure=lambda: booked.exposure,
        forecasts=booked.forecasts,
        benchmark=lambda: buy_and_hold(series, timestamps, config.account.cash),
        series=dict(zip(ground.market.symbols, series, strict=True)),
        finer=finer,
        fills=booked.fills,
        orders=booked.orders,
        trades=booked.trades,
        account_events=booked.account_events,
        refusals=booked.refusals,
        fees=booked.fees / MICRO,
        slippage_cost=booked.slippage / MICRO,
        traded_value=booked.traded / MICRO,
        warnings=lambda: (*finding_lines(dataset), *booked.notes, *told),
        elapsed_seconds=watch.seconds,
        decisions_hash=lambda: booked.decisions_hash,
        inputs_hash=lambda: inputs_hash([*series, *finer.values()]),
        config_hash=config_hash(config),
        version=__version__,
        config_text=lambda: config_text(config),
        events=booked.events,
        open_positions=in_shares(booked.positions),
        sectors=_sectors(ground),
        analyses=analyses_of(strategy),
    )


def _sectors(ground: Ground | Simulation) -> dict[str, str]:
    known = ground.policies.sectors
    return {symbol: known[symbol] for symbol in ground.market.symbols if symbol in known}
