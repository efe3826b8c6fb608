"""The tables of a comparison, and which bars it meets."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from measured import Measured

TITLES = (
    ("w1", "W1: one symbol, one-minute bars, averages of 10 and 30 cross"),
    ("w2", "W2: 500 symbols, 2,520 days, 114 rebalances"),
    ("w3", "W3: 982 pairs of averages over five daily symbols, 4,910 runs"),
    ("w4", "W4: a small backtest on CSV, the whole process"),
    ("w5", "W5: W1 with a trailing stop of 0.5 % on each entry, 100,000 bars"),
    ("cold", "Cold start: the whole process, where nothing was ever compiled and from the cache"),
)
#: Bars below which ``auto`` never compiles.
SMALL = 100_000


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


def small_table(found: list[Measured], workload: str) -> Iterator[str]:
    """Whole processes, several of each."""
    yield "| | process CPU s, min / **median** / max | wall s | peak MB |"
    yield "|---|--:|--:|--:|"
    for row in dict.fromkeys(one.job.row for one in found if one.job.workload == workload):
        runs = [one for one in found if one.job.workload == workload and one.job.row == row]
        if runs[0].error:
            yield f"| {row} | {runs[0].error} | | |"
            continue
        cpu, wall = ([getattr(one, name) for one in runs] for name in ("process_cpu", "process_wall"))
        peak = max(one.peak_mb for one in runs)
        yield f"| {row} | {min(cpu):.3f} / **{statistics.median(cpu):.3f}** / {max(cpu):.3f} | {statistics.median(wall):.3f} | {peak:.0f} |"


def page(found: list[Measured], machine: str, missing: Iterable[str]) -> str:
    """The whole of RESULTS.md; ``missing`` are the rivals that could not be installed."""
    parts = [
        "# Benchmark results",
        "",
        "Written by `make bench`; what is measured and how, in [README.md](README.md). CPU seconds of one run, warm unless it says cold.",
        "",
        machine,
        "",
        *(f"{name} could not be installed here, and its bars are not judged.\n" for name in missing),
    ]
    for workload, title in TITLES:
        if any(one.job.workload == workload for one in found):
            lines = small_table(found, workload) if workload in {"w4", "cold"} else table(found, workload)
            parts += [f"## {title}", "", *lines, ""]
    bars = verdicts(found)
    if bars:
        parts += ["## Bars", "", "| bar | measured | limit | |", "|---|--:|--:|---|", *bars, ""]
    parts += ["## Cost against size", "", "![CPU seconds against bars, symbols and trials](scaling.png)", ""]
    return "\n".join(parts)


def verdicts(found: list[Measured]) -> list[str]:
    """The bars this run can judge, each against the rivals measured beside it, met or missed."""
    return [*_of_one_symbol(found), *_of_portfolios(found), *_of_sweeps(found), *_of_small_runs(found), *_of_first_runs(found)]


def _of_one_symbol(found: list[Measured]) -> Iterator[str]:
    """W1 and W5."""
    loop, event, floor = (
        _best(found, "w1", "compiled: signals"),
        _best(found, "w1", ": orders"),
        _best(found, "w1", "limit: Python callback"),
    )
    bare = _best(found, "w1", "limit: one numba loop")
    yield from _against_rivals("W1, signals compiled", loop, found, 0.5)
    if loop is not None and bare is not None:
        yield _line("W1, signals compiled, of the bare numba loop", loop.typical / bare.typical, 20.0)
    if event is not None:
        name = f"W1, event strategy ({event.job.row.partition(':')[0]})"
        yield _line(f"{name}, us a bar", event.typical / event.job.bars * 1e6, 2.0)
        if floor is not None:
            yield _line(f"{name}, of the callback floor", event.typical / floor.typical, 5.0)
        for rival, times in (("backtesting", 2.0), ("nautilus_trader", 10.0), ("backtrader", 20.0)):
            other = next((one for one in rivals_of(found, "w1") if one.job.row == rival), None)
            if other is not None:
                yield _line(f"{name}, of {rival}", event.typical / other.typical, 1.0 / times)
    trailing = _best(found, "w5", "onetape")
    yield from _against_rivals("W5" if trailing is None else f"W5 ({trailing.job.row})", trailing, found, 0.5)


def _of_portfolios(found: list[Measured]) -> Iterator[str]:
    """W2."""
    plain = _best(found, "w2", "onetape", without="VaR")
    yield from _against_rivals("W2" if plain is None else f"W2 ({plain.job.row})", plain, found, 0.5)
    yield from _against_rivals("W2, sized by 252-day VaR", _best(found, "w2", "compiled: signals, sized by VaR"), found, 1.0)


def _of_sweeps(found: list[Measured]) -> Iterator[str]:
    """W3: wall time of the sweep and of the process, and memory."""
    ours, rivals = _best(found, "w3", "onetape compiled"), [one for one in rivals_of(found, "w3") if one.wall]
    if ours is None or not rivals:
        return
    yield _line("W3, wall s of the sweep, of the fastest rival", _warm_wall(ours) / min(map(_warm_wall, rivals)), 0.5)
    cold, other = ours.process_wall - sum(ours.wall[1:]), min(one.process_wall - sum(one.wall[1:]) for one in rivals)
    yield _line("W3, wall s of a whole process with one sweep, of the fastest rival", cold / other, 0.5)
    yield _line("W3, peak memory, of the fastest rival", ours.peak_mb / min(rivals, key=_warm_wall).peak_mb, 0.25)


def _of_small_runs(found: list[Measured]) -> Iterator[str]:
    """W4: medians of whole processes."""
    medians: dict[str, tuple[float, float]] = {}
    for row in {one.job.row for one in found if one.job.workload == "w4" and not one.error}:
        runs = [one for one in found if one.job.row == row and one.job.workload == "w4" and not one.error]
        medians[row] = statistics.median(one.process_cpu for one in runs), statistics.median(one.process_wall for one in runs)
    ours, rivals = medians.get("onetape backtest --no-report"), [value for row, value in medians.items() if not _is_ours(row)]
    if ours is not None and rivals:
        for what, mine, limit in zip(("CPU", "wall"), ours, map(min, zip(*rivals, strict=True)), strict=True):
            yield _line(f"W4, {what} s of the process, less than every rival", mine, limit)
    if "onetape --help" in medians:
        yield _line("onetape --help, CPU s", medians["onetape --help"][0], 0.25)


def _of_first_runs(found: list[Measured]) -> Iterator[str]:
    """Cold starts."""
    first = next((one for one in found if one.job.fresh and "compiled" in one.job.row and not one.error), None)
    small = [one for one in found if one.job.workload == "cold" and one.job.bars < SMALL and not one.error]
    if first is not None:
        yield _line("first compiled run, whole process, CPU s", first.process_cpu, 15.0)
    if len(small) > 1:
        never, before = (next(one.process_cpu for one in small if one.job.fresh is fresh) for fresh in (True, False))
        yield _line("a small run where nothing was ever compiled, of one where it was", never / before, 1.25)


def _against_rivals(what: str, ours: Measured | None, found: list[Measured], share: float) -> Iterator[str]:
    """CPU seconds beside those of the fastest rival."""
    rivals = [one for one in rivals_of(found, ours.job.workload) if one.cpu] if ours is not None else []
    if ours is not None and rivals:
        best = min(rivals, key=lambda one: one.typical)
        yield _line(f"{what}, of the fastest rival ({best.job.row})", ours.typical / best.typical, share)


def _warm_wall(one: Measured) -> float:
    return statistics.median(one.wall[1:] or one.wall) * one.job.scale


def _best(found: list[Measured], workload: str, part: str, without: str = "\0") -> Measured | None:
    """The fastest of ours whose row has ``part`` in its name, and not ``without``."""
    fitting = [one for one in found if one.job.workload == workload and part in one.job.row and without not in one.job.row]
    return min((one for one in fitting if _is_ours(one.job.row) and one.cpu and not one.error), key=lambda one: one.typical, default=None)


def _line(what: str, figure: float, limit: float) -> str:
    return f"| {what} | {figure:.3g} | {limit:.3g} | {'met' if figure <= limit else 'MISSED'} |"
