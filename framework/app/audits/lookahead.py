"""Does a strategy see the future? It decides again over bars whose future is cut off, mirrored or shuffled."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framework.app.assembly.assemble import backtest
from framework.app.assembly.hosting import as_strategy_reads, as_strategy_sees
from framework.app.assembly.loader import load_strategy
from framework.app.backtest.run import load_data, resolved_config
from framework.domain.fill import Refusal
from framework.domain.order import Order
from framework.engine.indicators import Indicators
from framework.engine.journal import decision_line
from framework.engine.panel import panel_of
from framework.engine.strategy import SignalStrategy, Strategy
from framework.errors import ConfigError, OnetapeError, StrategyError, words_of
from framework.research.causality import Decision, Difference, first_difference, first_signal_difference, moments
from framework.research.futures import cut, cut_finer, mirrored, permuted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from data import Dataset
    from framework.domain.market import Floats, Integers
    from framework.engine.journal import Journal
    from framework.engine.panel import Panel
    from framework.runtime.config import Config

DEFAULT_CUTS = 12
FUTURES = ("cut off", "mirrored", "shuffled")
REPEATED = "the same"


@dataclass(frozen=True, slots=True)
class LookaheadAudit:
    """What an audit found.

    Attributes:
        strategy: The class, "module:Class".
        cuts: How many moments were looked at, each with every future of ``FUTURES``.
        compared: How many decisions or rows of signals were compared.
        silent: Futures over which the strategy ended with an error of its own, so that nothing was compared, by the error.
        first: The first decision that differs; ``None`` where all are the same.
    """

    strategy: str
    cuts: int
    compared: int
    silent: Mapping[str, int]
    first: Difference | None

    @property
    def passed(self) -> bool:
        """Whether something was compared, and all of it was the same."""
        return self.first is None and self.compared > 0

    @property
    def verdict(self) -> str:
        """One line for a person."""
        if self.first is None:
            errors = "; ".join(f"{count} x {error}" for error, count in self.silent.items())
            judged = f"no look-ahead: {self.compared:,} comparisons of decisions, {self.cuts} moments, {len(FUTURES)} other futures each"
            return judged if self.compared else f"cannot be judged: nothing was decided before any of {self.cuts} moments {errors}".rstrip()
        one = self.first
        if one.future == REPEATED:
            return (
                f"not repeatable: {_when(one.timestamp)}, {one.symbol}: first {one.known}, the second time {one.other}, over the same bars"
            )
        return (
            f"look-ahead: {_when(one.timestamp)}, {one.symbol}: {one.known}; with the bars after {_when(one.cut)} {one.future}: {one.other}"
        )


def _when(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp // 10**9, UTC):%Y-%m-%d %H:%M} UTC"


def audit_lookahead(
    config: str | Path | Config | Mapping[str, object],
    data: Mapping[str, pd.DataFrame] | None = None,
    *,
    cuts: int = DEFAULT_CUTS,
    seed: int = 0,
    beside: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> LookaheadAudit:
    """Whether the strategy of ``config`` decides by the past alone, as far as other futures can tell.

    At each of ``cuts`` moments the bars after it are cut off, mirrored and shuffled; whatever was decided until then must be the same. A
    vectorised strategy is asked for its signals, any other is run. What it reads past our bars (files, a network) no audit of bars sees.

    Args:
        config: As for ``run``.
        data: As for ``run``.
        cuts: Moments to look at; more find what is decided seldom.
        seed: Of the shuffled futures.
        beside: As for ``run``.
        on_progress: Called with (cuts done, of how many).

    Raises:
        ConfigError: The config or the strategy is wrong.
        StrategyError: The strategy fails over the real bars.
        DataError: The data is missing or broken.
    """
    if cuts < 1:
        raise ConfigError(f"--cuts {cuts}: at least 1 is needed")
    resolved, folder = resolved_config(config)
    dataset = load_data(resolved, data)
    case = _Case(resolved, beside or folder)
    kind = type(case.strategy())
    if issubclass(kind, SignalStrategy) and kind.on_bar is Strategy.on_bar:
        return _judged(_Signals(case, dataset), cuts, seed, on_progress)
    return _judged(_Decisions(case, dataset), cuts, seed, on_progress)


@dataclass(frozen=True, slots=True)
class _Case:
    """What is examined; every run gets a strategy that was imported anew, so that nothing it kept in its module goes from run to run."""

    config: Config
    beside: Path

    def strategy(self) -> Strategy:
        section = self.config.strategy
        sys.modules.pop(section.path.partition(":")[0], None)
        return load_strategy(section.path, section.params, self.beside, section.cerebro)


def _other_futures(dataset: Dataset, moment: int, seed: int) -> list[Dataset]:
    """``dataset`` with every future of ``FUTURES`` after ``moment``, in their order."""
    known = replace(
        dataset,
        series=cut(dataset.series, moment),
        finer=cut_finer(dataset.finer, dataset.series, moment),
        indicators=Indicators(),
    )
    others = (mirrored(dataset.series, moment), permuted(dataset.series, moment, seed))
    return [known, *(replace(dataset, series=series, indicators=Indicators()) for series in others)]


class _Decisions:
    """Runs a strategy and compares the orders it decides on, and what it wanted and was refused."""

    def __init__(self, case: _Case, dataset: Dataset) -> None:
        self.case = case
        self.dataset = as_strategy_sees(case.strategy(), dataset)
        timelines = [one.timestamp for one in self.dataset.series.values()]
        times = np.unique(np.concatenate(timelines))
        self.times: Integers = times[times >= dataset.first_trade]
        self._last = int(self.times[-1])
        self._known = self._decided(self.dataset, self._last)
        self.again = first_difference(self._known, self._decided(self.dataset, self._last), REPEATED, self._last)
        self.decided: Integers = np.unique(np.array([one.timestamp for one in self._known], dtype=np.int64))

    def compare(self, dataset: Dataset, future: str, moment: int) -> tuple[int, Difference | None]:
        """How much was compared, and the first difference."""
        try:
            other = self._decided(dataset, moment)
        except Exception as error:  # whatever a user's code raises
            if future == FUTURES[0]:  # too few bars for it, perhaps; the other futures are as long as the real one
                raise StrategyError(str(error)) from error
            # The callbacks until the moment are those of the real run, none of which ended so.
            return 1, Difference(moment, ", ".join(dataset.series), "no error", f"an error, {error}", future, moment)
        return len([one for one in self._known if one.timestamp <= moment]), first_difference(self._known, other, future, moment)

    def _decided(self, dataset: Dataset, until: int) -> list[Decision]:
        strategy = self.case.strategy()
        config = as_strategy_reads(strategy, self.case.config)
        simulation = backtest(config, strategy, dataset)

        def stop(timestamp: int) -> None:
            if timestamp >= until:
                raise _EnoughError

        try:
            with simulation.broker:
                simulation.engine.start(dataset.first_trade)
                simulation.driver.run(stop)
        except _EnoughError:
            pass
        return _read(simulation.journal)


class _EnoughError(Exception):
    """The run has come to the moment; what follows is not compared."""


def _read(journal: Journal) -> list[Decision]:
    return [_decision(one) for one in journal.events if isinstance(one, (Order, Refusal))]


def _decision(event: Order | Refusal) -> Decision:
    if isinstance(event, Refusal):
        line = f"{event.timestamp} {event.symbol} {event.code}"
        return Decision(event.timestamp, event.symbol, line, f"refused ({event.code})")
    words = f"{event.side} {event.quantity.normalize():f} {event.order_type} ({event.reason})"
    return Decision(event.created_at, event.symbol, decision_line(event), words)


class _Signals:
    """Asks a vectorised strategy for its signals and compares the arrays; no run is needed to know what they were made of."""

    def __init__(self, case: _Case, dataset: Dataset) -> None:
        self.case = case
        self.dataset = dataset
        panel, self._known = self._signals(dataset)
        self._symbols, self._all_times = panel.symbols, panel.timestamp
        self.times: Integers = panel.timestamp[panel.timestamp >= dataset.first_trade]
        self._last = int(self.times[-1])
        self.again = self._difference(self._signals(dataset)[1], REPEATED, self._last)
        changed = np.flatnonzero((np.diff(np.nan_to_num(self._known, nan=9.0), axis=0) != 0.0).any(axis=1)) + 1
        self.decided: Integers = np.intersect1d(panel.timestamp[changed], self.times)

    def compare(self, dataset: Dataset, future: str, moment: int) -> tuple[int, Difference | None]:
        """How many rows were compared, and the first that differs."""
        _, other = self._signals(dataset)
        return int(np.searchsorted(self.times, moment, "right")), self._difference(other, future, moment)

    def _difference(self, other: Floats, future: str, moment: int) -> Difference | None:
        first = self.dataset.first_trade
        return first_signal_difference(self._known, other, self._all_times, self._symbols, first, future, moment)

    def _signals(self, dataset: Dataset) -> tuple[Panel, Floats]:
        strategy = self.case.strategy()
        if type(strategy).on_start is not Strategy.on_start:
            backtest(self.case.config, strategy, dataset).engine.start(dataset.first_trade)
        series = [one for _, one in sorted(dataset.series.items())]
        panel = panel_of(series, daily=self.case.config.data.resolution == "1d", indicators=Indicators())
        try:
            found = np.asarray(strategy.signals(panel), dtype=np.float64) if isinstance(strategy, SignalStrategy) else np.empty(0)
        except OnetapeError:
            raise
        except Exception as error:  # whatever a user's code raises is the user's to see
            raise StrategyError(f"{type(strategy).__name__}.signals raised {words_of(error)}") from error
        if found.shape != panel.close.shape:
            raise StrategyError(f"{type(strategy).__name__}.signals returned shape {found.shape}; it must be {panel.close.shape}")
        return panel, found


def _judged(subject: _Decisions | _Signals, cuts: int, seed: int, on_progress: Callable[[int, int], None] | None) -> LookaheadAudit:
    found: list[Difference] = []
    silent: dict[str, int] = {}
    compared = 0
    chosen: Sequence[int] = [] if subject.again is not None else moments(subject.times, subject.decided, cuts)
    for place, moment in enumerate(chosen):
        for future, dataset in zip(FUTURES, _other_futures(subject.dataset, moment, seed + place), strict=True):
            try:
                rows, difference = subject.compare(dataset, future, moment)
            except StrategyError as error:
                silent[str(error)] = silent.get(str(error), 0) + 1
                continue
            compared += rows
            found += [difference] if difference is not None else []
        if on_progress is not None:
            on_progress(place + 1, len(chosen))
    first = subject.again or min(found, key=lambda one: (one.timestamp, one.cut), default=None)
    return LookaheadAudit(subject.case.config.strategy.path, len(chosen), compared, silent, first)
