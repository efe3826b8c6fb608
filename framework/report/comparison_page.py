"""Runs side by side as a page and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.report import canvas, pages
from framework.report.comparison import (
    Span,
    apart,
    common_span,
    correlations,
    doubts,
    falls,
    settings_apart,
    shared_returns,
    span_figures,
    yearly,
)
from framework.report.comparison_chart import curves_document, growth_figure
from framework.report.palette import CURVES
from framework.report.pictures import Picture
from framework.report.tables import DEFINITIONS, MONTHS, heat_map
from framework.report.verdict import sharpe_interval
from framework.report.wording import NOT_AVAILABLE, number, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from framework.domain.market import Floats
    from framework.report.comparison import Apart, ComparedRun

TEMPLATE = "comparison.html.j2"
SCRIPTS = (pages.CHARTS, "comparison.js")

#: Runs that can be told apart on one picture.
MOST_RUNS = len(CURVES)

#: Figures of which more is better, over the same time and whatever else holds (falls are negative); of the others none is marked.
MORE_IS_BETTER = ("total_return", "cagr", "sharpe", "sortino", "calmar", "max_drawdown")


class Marked(NamedTuple):
    """A figure as text, and whether it is the best of its row."""

    text: str
    best: bool


class FigureRow(NamedTuple):
    """A figure of every run, and what it is."""

    name: str
    cells: tuple[Marked, ...]
    definition: str


def document(runs: Sequence[ComparedRun]) -> dict[str, object]:
    """Everything found, as one JSON document: fractions and dollars; ``None`` where a figure does not exist."""
    span = common_span(runs)
    returns = None if span is None else shared_returns(runs, span)
    years, table = yearly(runs)
    return {
        "runs": [{"name": run.name, **run.data.summary} for run in runs],
        "warnings": doubts(runs, span),
        "common": None if span is None else _common(runs, span),
        "more_than_the_first": [None if one is None else one._asdict() for one in _apart(runs, returns)],
        "correlations": None if returns is None else correlations(returns),
        "settings": settings_apart(runs),
        "yearly": {"years": years, "returns": {run.name: row for run, row in zip(runs, table, strict=True)}},
        "drawdowns": {run.name: [fall._asdict() for fall in falls(run)] for run in runs},
    }


def _common(runs: Sequence[ComparedRun], span: Span) -> dict[str, object]:
    first, last = span.dates
    return {"start": first, "end": last, "figures": {run.name: _over(run, span) for run in runs}}


def _over(run: ComparedRun, span: Span) -> Mapping[str, float | None]:
    """The figures of the curve over the common time: those of the summary where that is the whole run."""
    return {name: run.data.figure(name) for name in span_figures(run, span)} if span.same else span_figures(run, span)


def _apart(runs: Sequence[ComparedRun], returns: Floats | None) -> list[Apart | None]:
    return [None] * len(runs) if returns is None else apart(returns)


def page(runs: Sequence[ComparedRun]) -> str:
    """The page, which opens offline."""
    span = common_span(runs)
    returns = None if span is None else shared_returns(runs, span)
    years, table = yearly(runs)
    drawn = None if span is None else curves_document(runs, span)
    return pages.render(
        TEMPLATE,
        *(SCRIPTS if drawn else ()),
        document=drawn,
        runs=[{"name": run.name, "color": color, "data": run.data, "params": run.data.summary["params"]} for run, color in _colored(runs)],
        warnings=doubts(runs, span),
        picture=_picture(runs, span),
        span=None if span is None else span.dates,
        common=[] if span is None else _common_rows(runs, span),
        careful=_careful(runs, returns),
        whole=_whole_rows(runs),
        settings=settings_apart(runs),
        years=_year_rows(years, table),
        months=MONTHS,
        heat=[(run.name, heat_map(run.data)) for run in runs],
        falls=[(run.name, falls(run)) for run in runs],
        percent=percent,
        correlations=[] if returns is None else _matrix(runs, returns),
    )


def _colored(runs: Sequence[ComparedRun]) -> list[tuple[ComparedRun, str]]:
    return list(zip(runs, CURVES, strict=False))


def _picture(runs: Sequence[ComparedRun], span: Span | None) -> Picture:
    title = "Growth"
    if span is None:
        return Picture(title, "There is no time that all of them share.")
    first, last = span.dates
    begin = "their initial cash" if span.same else f"the close of {first}"
    with canvas.styled():
        drawing = canvas.to_svg(growth_figure(runs, span))
    return Picture(title, f"Equity as a multiple of {begin}, {first} to {last}, at the end of each session.", drawing)


def _row(name: str, values: Sequence[float | None], show: Callable[[float | None], str], definition: str, *, judged: bool) -> FigureRow:
    texts = [show(value) for value in values]
    known = [value for value in values if value is not None]
    best = show(max(known)) if judged and len(known) > 1 else NOT_AVAILABLE
    # Equal as far as one can read is equal: then none is marked.
    alone = texts.count(best) == 1 and best != NOT_AVAILABLE
    return FigureRow(name, tuple(Marked(text, alone and text == best) for text in texts), definition)


def _common_rows(runs: Sequence[ComparedRun], span: Span) -> list[FigureRow]:
    figures = [_over(run, span) for run in runs]
    return [
        _row(name, [one[field] for one in figures], show, definition, judged=field in MORE_IS_BETTER)
        for field, name, show, definition in DEFINITIONS
        if field in figures[0] and (span.same or field != "final_equity")
    ]


def _whole_rows(runs: Sequence[ComparedRun]) -> list[FigureRow]:
    """Every other figure of the summaries: each of its own run and time."""
    return [
        _row(name, [run.data.figure(field) for run in runs], show, definition, judged=False)
        for field, name, show, definition in DEFINITIONS
    ]


def _careful(runs: Sequence[ComparedRun], returns: Floats | None) -> list[str]:
    """Whether the differences say anything: intervals of the Sharpe ratios, and of the difference from the first run."""
    if returns is None or returns.shape[1] < 2:
        return []
    found = []
    for run, row in zip(runs, returns, strict=True):
        interval = sharpe_interval(row)
        if interval is not None:
            found.append(f"{run.name}: Sharpe ratio between {number(interval[0])} and {number(interval[1])} with 95% confidence.")
    return found + [_beside(run, one, runs[0], returns.shape[1]) for run, one in zip(runs, apart(returns), strict=True) if one is not None]


def _beside(run: ComparedRun, one: Apart, first: ComparedRun, days: int) -> str:
    if one.difference == one.error == 0.0:
        return f"{run.name}: the same returns as {first.name}, day by day."
    told = "told apart from chance" if abs(one.difference) > one.error else "not told apart from chance"
    more = f"{percent(one.difference, signed=True)} a year beside {first.name}, ± {percent(one.error)}"
    return f"{run.name}: {more} with 95% confidence over {days:,} days: {told}."


def _year_rows(years: Sequence[int], table: Sequence[Sequence[float | None]]) -> list[FigureRow]:
    rows = zip(*table, strict=True)
    return [
        FigureRow(str(year), tuple(Marked(percent(value, signed=True), best=False) for value in row), "")
        for year, row in zip(years, rows, strict=True)
    ]


def _matrix(runs: Sequence[ComparedRun], returns: Floats) -> list[tuple[str, list[str]]]:
    return [(run.name, [number(value) for value in row]) for run, row in zip(runs, correlations(returns), strict=True)]
