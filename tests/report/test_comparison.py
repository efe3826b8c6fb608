"""Runs side by side: each figure is that of its run and of the time it claims."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from framework.report.comparison import ComparedRun, apart, common_span, doubts, falls, settings_apart, shared_returns, span_figures, yearly
from framework.report.comparison_page import MORE_IS_BETTER, document, page
from framework.report.tear_sheet_data import from_record
from framework.rules import performance
from tests.report.records import Forecast, cut, daily_times, edge_records, forecast, make_record
from tests.report.test_tear_sheet import Page

YEARS = 2 * 262


@pytest.fixture(scope="module")
def record():
    return make_record(daily_times(YEARS), ("AAPL", "IBM"))


@pytest.fixture(scope="module")
def other():
    return replace(
        make_record(daily_times(YEARS), ("AAPL", "IBM"), seed=8), decisions_hash="other", config_text="[strategy]\nparams = { fast = 5 }\n"
    )


def compared(*records):
    return [ComparedRun(name, from_record(one)) for name, one in zip("abcdef", records, strict=False)]


def later(record, sessions):
    """The run without its first sessions."""
    names = ("timestamps", "equity", "cash", "exposure", "benchmark")
    forecasts = forecast(record, **{name: getattr(record, name)[sessions:] for name in Forecast._fields})
    return replace(record, **{name: getattr(record, name)[sessions:] for name in names}, forecasts=forecasts)


def test_runs_of_one_time_keep_the_figures_of_their_summaries(record, other):
    found = document(compared(record, other))
    for name, one in zip("ab", compared(record, other), strict=True):
        assert found["common"]["figures"][name] == {key: one.data.summary[key] for key in found["common"]["figures"][name]}
    assert found["warnings"] == []
    json.dumps(found, allow_nan=False)


def test_runs_of_different_times_are_compared_over_the_time_they_share(record, other):
    runs = compared(later(record, 100), cut(other, 400))
    span = common_span(runs)
    assert not span.same
    dates = [str(day) for day in (record.timestamps[[100, 399]]).astype("datetime64[ns]").astype("datetime64[D]")]
    assert list(span.dates) == dates
    for run, whole in zip(runs, (record, other), strict=True):
        part = whole.equity[100:400]
        figures = span_figures(run, span)
        assert figures["total_return"] == pytest.approx(part[-1] / part[0] - 1)
        returns = part[1:] / part[:-1] - 1
        assert figures["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * 252**0.5)
    assert "cut to the time they share" in doubts(runs, span)[0]


def test_runs_that_share_no_time_are_not_drawn_over_one_another(record, other):
    runs = compared(cut(record, 100), later(other, 300))
    assert common_span(runs) is None
    html = page(runs)
    assert "no three sessions in common" in html
    assert "LightweightCharts" not in html
    assert document(runs)["common"] is None


def test_the_best_is_marked_where_more_is_better_and_one_is_better_as_far_as_one_reads(record):
    better = replace(record, equity=record.equity * np.linspace(1.0, 1.2, record.equity.size))
    html = page(compared(record, better))
    assert html.count('class="best"') >= 3
    same = page(compared(record, record))
    assert same.count('class="best"') == 0
    assert "b: the same returns as a, day by day." in same
    assert not {"trades", "volatility", "win_rate", "exposure", "fees"} & set(MORE_IS_BETTER)


def test_what_makes_a_comparison_hard_is_said(record, other):
    def told(**changes):
        return " ".join(doubts(runs := compared(record, replace(other, **changes)), common_span(runs)))

    assert told() == ""
    assert "different symbols" in told(symbols=("AAPL",))
    assert "the same symbols and dates, but other bars" in told(inputs_hash="b2" * 32)
    assert "different amounts" in told(initial_cash=50_000.0)
    assert "onetape compare" in told(mode="paper")
    assert "different versions" in told(version="0.2.0")
    assert "b: one of many" in told(trials=40)
    assert "same decisions" in told(decisions_hash=record.decisions_hash)


def test_only_the_settings_that_differ_are_listed_each_under_its_name(record):
    one = replace(record, config_text='[a]\nx = 1\ny = [1, 2]\n[a.b]\nz = "t"\n')
    other = replace(record, config_text="[a]\nx = 2\ny = [1, 2]\n")
    assert settings_apart(compared(one, other)) == {"a.b.z": ['"t"', ""], "a.x": ["1", "2"]}
    assert settings_apart(compared(one, one)) == {}
    assert settings_apart(compared(one, replace(record, config_text="not toml ["))) != {}


def test_the_falls_are_the_deepest_and_end_where_the_high_was_reached_again(record):
    closes = np.array([100_000, 90_000, 95_000, 101_000, 100_000, 102_000, 51_000, 60_000], dtype=float)
    small = replace(cut(record, closes.size), equity=closes)
    run = compared(small)[0]
    found = falls(run)
    assert [round(fall.depth, 4) for fall in found] == [-0.5, -0.1, round(100 / 101 - 1, 4)]
    assert [fall.recovered is None for fall in found] == [True, False, False]
    dates = small.timestamps.astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist()
    assert (found[1].since, found[1].lowest, found[1].recovered) == (dates[0], dates[1], dates[3])
    assert found[0].depth == pytest.approx(performance.max_drawdown(closes, 100_000.0))


def test_the_years_multiply_to_the_whole(record, other):
    _, table = yearly(compared(record, other))
    for row, one in zip(table, (record, other), strict=True):
        assert np.prod([1 + value for value in row]) == pytest.approx(one.equity[-1] / 100_000)


def test_a_difference_larger_than_its_error_is_told_apart(record, other):
    runs = compared(record, other)
    returns = shared_returns(runs, common_span(runs))
    difference = returns[1] - returns[0]
    one = apart(returns)[1]
    assert one.difference == pytest.approx(difference.mean() * 252)
    assert one.error == pytest.approx(1.96 * difference.std(ddof=1) / difference.size**0.5 * 252)
    surely = replace(record, equity=record.equity * 1.001 ** np.arange(record.equity.size))
    assert "told apart from chance" in page(compared(record, surely))
    assert "not told apart" not in page(compared(record, surely))


def test_a_command_stands_on_the_page_as_code(record):
    shown = page([ComparedRun("a", from_record(record)), ComparedRun("b", from_record(replace(record, mode="paper")))])
    assert "compared by <code>onetape compare</code>." in shown
    assert "`" not in shown.partition("<main")[2].partition("<script")[0]


def test_a_comparison_is_a_whole_page_that_loads_nothing_and_escapes_what_it_is_told(record, other):
    evil = "<script>alert('x')</script>"
    runs = [ComparedRun(evil, from_record(replace(record, strategy=evil, params={evil: evil}))), *compared(other)]
    html = page(runs)
    found = Page(html)
    assert found.tags["script"] == 4
    assert "alert('x')" in found.text
    assert {value for tag, value in found.links if not value.startswith("#")} == {"https://www.tradingview.com/"}
    assert len(found.images) == 1


@pytest.mark.parametrize("name", ["one bar", "no decision times", "two bars", "intraday", "wiped out", "no trades"])
def test_a_run_at_the_edge_can_be_compared(record, name):
    runs = compared(record, edge_records()[name])
    json.dumps(document(runs), allow_nan=False)
    assert "runs side by side" in page(runs)
