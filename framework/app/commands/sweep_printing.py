"""What a person sees of a sweep: a progress bar on the way, the leading trials at the end."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from framework.app.backtest.printing import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

#: Metrics of the table, what they are called and how they are written.
_COLUMNS = (
    ("sharpe", "Sharpe", "{:z.2f}"),
    ("total_return", "return", "{:+z.1%}"),
    ("max_drawdown", "drawdown", "{:z.1%}"),
    ("trades", "trades", "{:,}"),
)


@contextmanager
def sweep_progress(*, shown: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield what to call with (trials done, of how many), or ``None`` where no bar is wanted."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:  # noqa: ANN401 - rich's Task, which is loaded only here
            return Text(f"{task.speed or 0.0:.1f} trials/s")

    columns = (TextColumn("sweep"), BarColumn(), MofNCompleteColumn(), Rate(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=60.0) as bar:
        task = bar.add_task("sweep", total=None)
        first: list[int] = []

        def note(done: int, total: int) -> None:
            if not first:  # what was done before is no measure of speed
                first.append(done)
                bar.reset(task, completed=done, total=total)
            bar.update(task, completed=done, total=total)

        yield note


def print_sweep(summary: Mapping[str, Any], folder: Path, picture: Path) -> None:
    """The leading trials, how much of that is luck, where everything is, and what to do next."""
    from rich.table import Table

    console = Terminal(highlight=False)
    failed = f", {summary['failed']:,} of them failed" if summary["failed"] else ""
    console.print(f"{summary['strategy']}: {summary['trials']:,} trials{failed}", markup=False, soft_wrap=True, style="bold")
    best, names = summary["best"], list(summary["params"])
    shown = [*_objectives(summary), *(column for column in _COLUMNS if column[0] not in _metrics(summary))]
    table = Table()
    for title in ("#", *names, *(title for _, title, _ in shown)):
        table.add_column(title, justify="right")
    for row in best:
        figures = ("none" if row[name] is None else pattern.format(row[name]) for name, _, pattern in shown)
        table.add_row(str(row["number"]), *(_value(row["params"][name]) for name in names), *figures)
    console.print(table)
    for line in (*_failure(summary), *_luck(summary), f"trials: {folder / 'trials'}", f"picture: {picture}"):
        console.print(line, markup=False, soft_wrap=True)
    console.print(_next(best), style="dim", markup=False, soft_wrap=True)


def _metrics(summary: Mapping[str, Any]) -> list[str]:
    return [one.partition(":")[2] for one in summary["objectives"]]


def _objectives(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The objectives come first."""
    known = {name: (name, title, pattern) for name, title, pattern in _COLUMNS}
    return [known.get(name, (name, name.replace("_", " "), "{:,.4g}")) for name in _metrics(summary)]


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _failure(summary: Mapping[str, Any]) -> list[str]:
    return [f"first failure: {summary['first_error']}"] if summary["failed"] else []


def _luck(summary: Mapping[str, Any]) -> list[str]:
    expected = summary["expected_best_sharpe"]
    if expected is None:
        return []
    start = f"luck: were none of {summary['known_trials']:,} trials worth anything, the best would show a Sharpe ratio of about"
    return [f"{start} {expected:.2f}, going by how far theirs lie apart; where all are alike that says little: `onetape audit overfit`"]


def _next(best: list[dict[str, Any]]) -> str:
    if not best:
        return "next: no trial has the objective; name another with --objective, or widen --param"
    params = ", ".join(f"{name} = {_toml(value)}" for name, value in best[0]["params"].items())
    return f"next: set [strategy] params = {{ {params} }}, backtest it, and try its neighbours: a lone peak is luck"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)
