"""Finished runs side by side: figures, returns, drawdowns and settings, over the same time where their times differ."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.report.dates import iso_dates, session_days
from framework.report.summary import curve_figures
from framework.rules import performance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framework.domain.market import Floats, Integers
    from framework.report.tear_sheet_data import TearSheetData

#: Falls listed of each run.
MOST_FALLS = 5


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A run under the name it has in the comparison. ``days`` and ``closes`` are its sessions and the last equity of each."""

    name: str
    data: TearSheetData

    @cached_property
    def days(self) -> Integers:
        """Sessions, as days since 1970: int64 [D]."""
        return np.unique(session_days(self.data.timestamps))

    @cached_property
    def closes(self) -> Floats:
        """Equity at the end of each session, dollars: float64 [D]."""
        return performance.period_closes(session_days(self.data.timestamps), self.data.equity)

    def within(self, span: Span) -> tuple[Integers, Floats]:
        """Sessions and equity of a span."""
        inside = (self.days >= span.first) & (self.days <= span.last)
        return self.days[inside], self.closes[inside]


class Span(NamedTuple):
    """First and last session, as days since 1970; ``same`` says that it is the whole time of every run."""

    first: int
    last: int
    same: bool

    @property
    def dates(self) -> tuple[str, str]:
        """Both as ISO dates."""
        first, last = iso_dates(np.array([self.first, self.last]))
        return first, last


class Fall(NamedTuple):
    """A fall from a high: its depth (a fraction, below 0), dates of the high, the lowest point and the recovery, and calendar days."""

    depth: float
    since: str
    lowest: str
    recovered: str | None
    days: int


class Apart(NamedTuple):
    """By how much a run earned more than the first one, a year, and half the width of the 95 % interval; fractions."""

    difference: float
    error: float


def common_span(runs: Sequence[ComparedRun]) -> Span | None:
    """The sessions from the latest beginning to the earliest end; ``None`` where fewer than three sessions are shared."""
    if any(run.days.size < 2 for run in runs):
        return None
    first, last = max(int(run.days[0]) for run in runs), min(int(run.days[-1]) for run in runs)
    span = Span(first, last, all((run.days[0], run.days[-1]) == (first, last) for run in runs))
    return span if all(run.within(span)[0].size > 2 for run in runs) else None


def span_figures(run: ComparedRun, span: Span) -> dict[str, float | None]:
    """The figures of the equity curve within a span, from the first close in it on."""
    days, closes = run.within(span)
    return curve_figures(days, closes, float(closes[0]))


def growth(run: ComparedRun, span: Span) -> tuple[Integers, Floats]:
    """Sessions, and equity over what it was at the beginning: the initial cash, or the first close of a span that is not the whole run."""
    days, closes = run.within(span)
    return days, closes / (run.data.initial_cash if span.same else closes[0])


def settings_apart(runs: Sequence[ComparedRun]) -> dict[str, list[str]]:
    """Every setting that is not the same in all of them: its name in the configuration, and its value in each as JSON (empty: not set)."""
    flat = [_flat(_config(run.data.config_text)) for run in runs]
    names = sorted({name for one in flat for name in one})
    rows = {name: [one.get(name, "") for one in flat] for name in names}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def _config(text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {"unreadable configuration": text}


def _flat(tree: Mapping[str, object], head: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{head}{name}.")
        else:
            found[f"{head}{name}"] = json.dumps(value, default=str, ensure_ascii=False)
    return found


def falls(run: ComparedRun) -> list[Fall]:
    """The deepest falls below the highest close so far, the deepest first; the initial cash counts as the first high."""
    depth = performance.drawdowns(run.closes, run.data.initial_cash)
    edges = np.flatnonzero(np.diff((depth < 0.0).astype(np.int8), prepend=0, append=0)).tolist()
    spans = sorted(((start, stop) for start, stop in list(pairwise(edges))[::2]), key=lambda span: float(depth[slice(*span)].min()))
    return [_fall(run.days, depth, start, stop) for start, stop in spans[:MOST_FALLS]]


def _fall(days: Integers, depth: Floats, start: int, stop: int) -> Fall:
    high, lowest, end = max(start - 1, 0), start + int(np.argmin(depth[start:stop])), min(stop, days.size - 1)
    since, low, over = iso_dates(days[[high, lowest, end]])
    return Fall(float(depth[lowest]), since, low, over if stop < days.size else None, int(days[end] - days[high]))


def shared_returns(runs: Sequence[ComparedRun], span: Span) -> Floats:
    """Daily returns over the sessions that all have, float64 [N, D - 1], as far as none was wiped out."""
    shared = runs[0].within(span)[0]
    for run in runs[1:]:
        shared = np.intersect1d(shared, run.within(span)[0])
    closes = np.array([run.closes[np.isin(run.days, shared)] for run in runs])
    alive = closes[:, np.logical_and.accumulate(np.all(closes > 0.0, axis=0))]
    returns: Floats = alive[:, 1:] / alive[:, :-1] - 1.0
    return returns


def apart(returns: Floats) -> list[Apart | None]:
    """Of each run, what it earned more than the first one over the same days; ``None`` for the first. Days are taken as independent."""
    days = returns.shape[1]
    found: list[Apart | None] = [None]
    for row in returns[1:]:
        difference = row - returns[0]
        error = float(np.std(difference, ddof=1)) / days**0.5 if days > 1 else float("nan")
        year = performance.DAYS_PER_YEAR
        found.append(Apart(float(np.mean(difference)) * year, 1.96 * error * year) if np.isfinite(error) else None)
    return found


def correlations(returns: Floats) -> list[list[float | None]]:
    """Of the daily returns of each with each: [N][N]; ``None`` where one never moved."""
    return [[performance.correlation(one, other) for other in returns] for one in returns]


def yearly(runs: Sequence[ComparedRun]) -> tuple[list[int], list[list[float | None]]]:
    """Calendar years, and the return of each run in each: [N][Y]; ``None`` where it has no session."""
    found = [_by_year(run) for run in runs]
    years = sorted({year for one in found for year in one})
    return years, [[one.get(year) for year in years] for one in found]


def _by_year(run: ComparedRun) -> dict[int, float]:
    years, returns = performance.yearly_returns(run.days, run.closes, run.data.initial_cash)
    return {int(year): float(value) for year, value in zip(years, returns, strict=True) if np.isfinite(value)}


def doubts(runs: Sequence[ComparedRun], span: Span | None) -> list[str]:
    """What makes these runs hard to compare, in sentences."""
    found = []
    if span is None:
        found.append("The runs have no three sessions in common: nothing here is like with like.")
    elif not span.same:
        first, last = span.dates
        found.append(f"The runs cover different times: curves and the first table are cut to the time they share, {first} to {last}.")
    return found + [sentence for differs, sentence in _differences(runs) if differs]


def _differences(runs: Sequence[ComparedRun]) -> list[tuple[bool, str]]:
    def varies(name: str) -> bool:
        return len({json.dumps(run.data.summary[name], sort_keys=True, default=str) for run in runs}) > 1

    same_question = not (varies("symbols") or varies("start") or varies("end"))
    trials = [run.name for run in runs if isinstance(tried := run.data.summary["trials"], int) and tried > 1]
    return [
        (varies("symbols"), "They trade different symbols."),
        (same_question and varies("inputs_hash"), "The data differ: the same symbols and dates, but other bars (inputs hash)."),
        (varies("initial_cash"), "They began with different amounts: money is not comparable, returns are."),
        (varies("mode"), "They are of different kinds; order by order, two of them are compared by `onetape compare`."),
        (varies("version"), "They were made by different versions of onetape: the changelog lists what changes results."),
        (bool(trials), f"{', '.join(trials)}: one of many that were tried; that it was picked flatters it."),
        (not varies("decisions_hash"), "All of them took the same decisions (decisions hash)."),
    ]
