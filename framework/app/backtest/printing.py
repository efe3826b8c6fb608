"""What a person reads on the terminal at the end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from framework.report.wording import refusal_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Summary field, what it is called, and how it is written.
_ROWS = (
    ("final_equity", "final equity", "${:,.2f}"),
    ("total_return", "total return", "{:+z.2%}"),
    ("cagr", "CAGR", "{:+z.2%}"),
    ("volatility", "volatility", "{:.2%}"),
    ("sharpe", "Sharpe ratio", "{:z.2f}"),
    ("max_drawdown", "max drawdown", "{:z.2%}"),
    ("trades", "trades", "{:,}"),
    ("win_rate", "win rate", "{:.1%}"),
    ("exposure", "mean exposure", "{:.1%}"),
    ("var_95_1d", "1-day VaR 95 %", "{:z.2%}"),
)


_A_WEEK = timedelta(days=7)


class Terminal(Console):
    """A console that tells the caller when its reader has gone, instead of ending the process."""

    def on_broken_pipe(self) -> None:
        """Pass on what the write raised."""
        raise BrokenPipeError


def print_summary(
    summary: Mapping[str, object], folder: Path | None, engine_reason: str = "", asked: tuple[date | None, date | None] = (None, None)
) -> None:
    """The headline figures, refusals and warnings, who turned the crank and why, where the report is if any, and what to do next.

    ``asked`` is the range of dates that was asked for.
    """
    console = Terminal(highlight=False)
    first, _, second = title(summary).partition("\n")
    console.print(first, markup=False, soft_wrap=True, style="bold")
    console.print(second, markup=False, soft_wrap=True)
    table = Table(show_header=False)
    for label, text in headline(summary):
        table.add_row(label, text)
    console.print(table)
    for code, count in _mapping(summary["refusals"]).items():
        console.print(f"refused or made smaller: {count} x {code} ({refusal_name(code)})", markup=False, soft_wrap=True)
    warnings = summary["warnings"]
    for line in warnings if isinstance(warnings, (list, tuple)) else ():
        console.print(f"warning: {line}", markup=False, soft_wrap=True)
    console.print(", ".join(filter(None, (f"engine: {summary['engine']}", engine_reason))), markup=False, soft_wrap=True)
    for line in _unfilled(summary, asked):
        console.print(f"note: {line}", markup=False, soft_wrap=True)
    if summary["turnover"] == 0.0:
        console.print(f"note: nothing was traded{_why_nothing(summary)}", markup=False, soft_wrap=True)
    if folder is None:
        return
    console.print(f"report: {folder / 'report.html'}", markup=False, soft_wrap=True)
    console.print(f"next: {_next_step(summary, folder)}", style="dim", markup=False, soft_wrap=True)


def _unfilled(summary: Mapping[str, object], asked: tuple[date | None, date | None]) -> Iterator[str]:
    """Where the bars leave out more of the range that was asked for than a week of holidays."""
    start, end = asked
    first, last = (date.fromisoformat(str(summary[name])) for name in ("start", "end"))
    if start is not None and first - start > _A_WEEK:
        yield f"[data] start = {start}, and the bars begin on {first}"
    if end is not None and end - last > _A_WEEK:
        yield f"[data] end = {end}, and the bars end on {last}"


def _why_nothing(summary: Mapping[str, object]) -> str:
    if summary["refusals"]:
        return ": see what was refused, above"
    return (
        f" in {summary['bars']:,} bars: does the strategy ever ask? A print in on_bar shows what it sees; "
        "a window longer than the data is never full"
    )


def _next_step(summary: Mapping[str, object], folder: Path) -> str:
    if summary["mode"] != "backtest":
        return f"`onetape replay {folder}` decides it again; `onetape compare {folder} OTHER_RUN` says where the two part"
    return "open the report in a browser; change [strategy] params or [universe] symbols in the config and run again"


def title(summary: Mapping[str, object]) -> str:
    """Two lines: the strategy with its parameters; what it traded, and when."""
    params = ", ".join(f"{name}={value}" for name, value in _mapping(summary["params"]).items())
    symbols = summary["symbols"]
    names = " ".join(symbols) if isinstance(symbols, (list, tuple)) else ""
    return f"{summary['strategy']}({params})\n{names}, {summary['start']} to {summary['end']}"


def headline(summary: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What each headline figure is called, and the figure."""
    for field, label, pattern in _ROWS:
        value = summary[field]
        yield label, "none" if value is None else pattern.format(value) + (_trials(summary) if field == "sharpe" else "")


def _trials(summary: Mapping[str, object]) -> str:
    """How many settings were tried over these bars: a ratio that was looked for is worth less than one that was found."""
    trials = summary["trials"]
    return f" (one of {trials:,} trials)" if isinstance(trials, int) and trials > 1 else ""


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
