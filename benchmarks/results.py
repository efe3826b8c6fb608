"""The tables of a comparison, and which bars it meets."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compare import Measured

TITLES = (
    ("w1", "W1: one symbol, one-minute bars, averages of 10 and 30 cross"),
    ("w2", "W2: 500 symbols, 2,520 days, 114 rebalances"),
    ("w3", "W3: 982 pairs of averages over five daily symbols, 4,910 runs"),
    ("w4", "W4: a small backtest on CSV, the whole process"),
    ("w5", "W5: W1 with a trailing stop of 0.5 % on each entry, 100,000 bars"),
)


def rivals_of(found: Iterable[Measured], workload: str) -> list[Measured]:
    """What the other engines needed."""
    return [one for one in found if one.job.workload == workload and not one.error and not _is_ours(one.job.row)]


def _is_ours(row: str) -> bool:
    return row.startswith(("onetape", "limit", "import"))


def table(found: list[Measured], workload: str) -> Iterator[str]:
    """One workload as Markdown: CPU seconds of warm runs, of the cold one and of the process; ratios to the fastest rival."""
    rows = [one for one in found if one.job.workload == workload]
    best = min((one.typical for one in rivals_of(rows, workload) if one.cpu), default=None)
    heads = ("", "CPU s, min / **median** / max", "us a bar", "of the fastest rival", "wall s", "cold CPU s", "process CPU s", "peak MB")
    yield f"| {' | '.join((*heads, 'equity', 'trades'))} |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for one in rows:
        if one.error:
            yield f"| {one.job.row} | {one.error} | | | | | | | | |"
            continue
        low, middle, high = min(one.warm), one.typical, max(one.warm)
        ratio = "" if best is None else f"{middle / best:.2f}"
        wall = statistics.median(one.wall[1:] or one.wall) * one.job.scale
        note = f" ({one.note})" if one.note else ""
        yield (
            f"| {one.job.row}{note} | {low:.4g} / **{middle:.4g}** / {high:.4g} | {middle / one.job.bars * 1e6:.3g} | {ratio} | {wall:.4g} "
            f"| {one.cpu[0] * one.job.scale:.4g} | {one.process_cpu:.3g} | {one.peak_mb:.0f} | {one.equity:,.2f} | {one.trades:,} |"
        )


def small_table(found: list[Measured]) -> Iterator[str]:
    """W4: whole processes, several of each."""
    yield "| | process CPU s, min / **median** / max | wall s | peak MB |"
    yield "|---|--:|--:|--:|"
    for row in dict.fromkeys(one.job.row for one in found if one.job.workload == "w4"):
        runs = [one for one in found if one.job.workload == "w4" and one.job.row == row]
        if runs[0].error:
            yield f"| {row} | {runs[0].error} | | |"
            continue
        cpu, wall = ([getattr(one, name) for one in runs] for name in ("process_cpu", "process_wall"))
        peak = max(one.peak_mb for one in runs)
        yield f"| {row} | {min(cpu):.3f} / **{statistics.median(cpu):.3f}** / {max(cpu):.3f} | {statistics.median(wall):.3f} | {peak:.0f} |"


def page(found: list[Measured], machine: str) -> str:
    """The whole of RESULTS.md."""
    parts = [
        "# Benchmark results",
        "",
        "Written by `make bench`; what is measured and how, in [README.md](README.md). CPU seconds of one run, warm unless it says cold.",
        "",
        machine,
        "",
    ]
    for workload, title in TITLES:
        if any(one.job.workload == workload for one in found):
            lines = small_table(found) if workload == "w4" else table(found, workload)
            parts += [f"## {title}", "", *lines, ""]
    bars = verdicts(found)
    if bars:
        parts += ["## Bars", "", *(f"- {line}" for line in bars), ""]
    parts += ["## Cost against size", "", "![CPU seconds against bars, symbols and trials](scaling.png)", ""]
    return "\n".join(parts)


def verdicts(found: list[Measured]) -> list[str]:
    """The bars this run can judge, met or missed."""
    lines = []
    event = _best(found, "w1", "arrays: orders")
    floor = _best(found, "w1", "limit: Python callback")
    if event is not None:
        lines.append(_line("W1, event strategy: at most 2 us a bar", event.typical / event.job.bars * 1e6, 2.0))
        if floor is not None:
            lines.append(_line("W1, event strategy: at most 5 x the callback floor", event.typical / floor.typical, 5.0))
        for name, times in (("backtesting", 2.0), ("nautilus_trader", 10.0), ("backtrader", 20.0)):
            rival = _best(found, "w1", name)
            if rival is not None:
                lines.append(_line(f"W1, event strategy: {times:.0f} x faster than {name}", event.typical / rival.typical, 1.0 / times))
    shares = (
        ("w1", "compiled", 0.5),
        ("w2", "onetape arrays", 0.5),
        ("w2", "compiled: signals, sized by VaR", 1.0),
        ("w3", "compiled", 0.5),
        ("w5", "onetape arrays", 0.5),
        ("w5", "compiled", 0.5),
    )
    for workload, row, share in shares:
        ours, rivals = _best(found, workload, row), rivals_of(found, workload)
        if ours is not None and rivals:
            best = min(one.typical for one in rivals)
            lines.append(_line(f"{workload.upper()}, {ours.job.row}: {share:g} of the fastest rival", ours.typical / best, share))
    return [*lines, *_small_verdicts(found)]


def _small_verdicts(found: list[Measured]) -> list[str]:
    ours = [one.process_cpu for one in found if one.job.row == "onetape backtest --no-report" and not one.error]
    rivals = {one.job.row: one.process_cpu for one in rivals_of(found, "w4")}
    lines = (
        [_line("W4, CPU s of the process: less than every rival", statistics.median(ours), min(rivals.values()))] if ours and rivals else []
    )
    told = [one.process_cpu for one in found if one.job.row == "onetape --help" and not one.error]
    return [*lines, _line("onetape --help, CPU s", statistics.median(told), 0.25)] if told else lines


def _best(found: list[Measured], workload: str, part: str) -> Measured | None:
    fitting = [one for one in found if one.job.workload == workload and part in one.job.row and not one.error and one.cpu]
    return min(fitting, key=lambda one: one.typical) if fitting else None


def _line(what: str, figure: float, limit: float) -> str:
    return f"{what}: {figure:.3g} against {limit:.3g}, {'met' if figure <= limit else 'MISSED'}"
