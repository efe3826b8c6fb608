"""What the figures are drawn from: thinned lines, bins, axes, VaR pairs and words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from framework.report import canvas, charts, wording
from framework.report.timeline import Timeline
from framework.report.var_check import check_var, verdict
from tests.report.records import daily_times, minute_times, ns


@given(st.integers(0, 20_000), st.integers(0, 2**32 - 1), st.floats(0, 0.5))
def test_a_thinned_line_keeps_its_ends_and_its_extremes(size: int, seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    y = np.where(rng.random(size) < missing, np.nan, rng.normal(size=size))
    x = np.arange(size, dtype=np.float64)
    kept_x, kept_y = canvas.thin(x, y)
    assert kept_x.size <= 1.5 * canvas.MOST_POINTS + 2
    assert np.all(np.diff(kept_x) > 0)
    np.testing.assert_array_equal(kept_y, y[kept_x.astype(int)])
    if np.any(np.isfinite(y)):
        assert (kept_x[0], kept_x[-1]) == (0.0, size - 1.0)
        assert (np.nanmin(kept_y), np.nanmax(kept_y)) == (np.nanmin(y), np.nanmax(y))


@given(npst.arrays(np.float64, st.integers(1, 80), elements=st.floats(-1e6, 1e6, allow_subnormal=False)))
def test_no_bar_of_the_histogram_holds_gains_and_losses(values: np.ndarray) -> None:
    edges = charts.bin_edges(values)
    assert 0.0 in edges
    assert np.histogram(values, edges)[0].sum() == values.size
    assert 2 <= edges.size <= 40


def test_a_gap_in_a_thinned_line_stays_a_gap() -> None:
    y = np.where((np.arange(16_000) > 5000) & (np.arange(16_000) < 5100), np.nan, 1.0)
    kept_x, kept_y = canvas.thin(np.arange(16_000.0), y)
    inside = (kept_x > 5000) & (kept_x < 5100)
    assert np.any(inside)
    assert np.all(np.isnan(kept_y[inside]))


def brute_force(days: list[int], equity: np.ndarray, forecast: np.ndarray) -> list[tuple[int, float, float]]:
    last = {day: row for row, day in enumerate(days)}
    closes = [last[day] for day in sorted(last)]
    return [(later, forecast[row], 1.0 - equity[later] / equity[row]) for row, later in pairwise(closes) if forecast[row] > 0.0]


@pytest.mark.parametrize("times", [daily_times(200), minute_times(12, 9)], ids=["daily", "intraday"])
def test_a_forecast_is_judged_by_the_next_session_and_by_no_other(times: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    equity = 1e5 * np.cumprod(1.0 + rng.normal(0, 0.01, times.size))
    forecast = rng.choice([np.nan, 0.0, 0.005, 0.02], times.size)
    days = [datetime.fromtimestamp(at / 1e9 - 5 * 3600, UTC).toordinal() for at in times.tolist()]
    expected = brute_force(days, equity, forecast)
    check = check_var(times, equity, forecast, 1.25 * forecast, 0.95)
    judged = np.isfinite(check.forecast)
    assert check.made == len(expected)
    assert check.timestamps[judged].tolist() == [times[row] for row, _, _ in expected]
    assert check.forecast[judged].tolist() == [made for _, made, _ in expected]
    assert check.realized[judged] == pytest.approx([loss for _, _, loss in expected])
    assert check.violated.size == sum(loss > made for _, made, loss in expected)


def test_nothing_is_judged_after_a_wipe_out() -> None:
    check = check_var(daily_times(4), np.array([100.0, 0.0, 0.0, 50.0]), np.full(4, 0.02), np.full(4, 0.025), 0.95)
    assert (check.made, check.violated.tolist()) == (1, [0])
    np.testing.assert_array_equal(check.realized, [1.0, np.nan, np.nan])


@pytest.mark.parametrize(
    ("violations", "words"),
    [
        (
            13,
            "13 were exceeded by the next session's loss; a right 95% forecast leaves 12.5 (5%). The difference is within what chance",
        ),
        (60, "more than chance allows: the forecast was too low"),
        (1, "1 was exceeded"),
        (0, "fewer than chance allows: it was too high"),
    ],
)
def test_the_verdict_counts_violations_against_the_expected_five_percent(violations: int, words: str) -> None:
    returns = np.where(np.arange(250) < violations, -0.05, 0.001)
    check = check_var(daily_times(251), 1e5 * np.cumprod(np.append(1.0, 1.0 + returns)), np.full(251, 0.02), np.full(251, 0.025), 0.95)
    assert "Of 250 forecasts" in verdict(check)
    assert words in verdict(check)


def ticks(times: np.ndarray) -> list[str]:
    figure, axes = canvas.new_axes(2.0)
    Timeline.of(times).draw(axes)
    figure.draw_without_rendering()
    low, high = axes.get_xlim()
    return [label.get_text() for tick, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True) if low <= tick <= high]


@pytest.mark.parametrize(
    ("times", "first", "last"),
    [
        (daily_times(2010), "2005", "2012"),
        (daily_times(300), "Jan 2005", "Jan 2006"),
        (daily_times(60), "Jan 15", "Mar 15"),
        (daily_times(2), "2005-01-03", "2005-01-04"),
        (minute_times(5), "2026-07-27", "2026-07-31"),
        (minute_times(1), "09:31", "10:27"),
    ],
)
def test_the_date_axis_speaks_in_the_unit_of_its_span(times: np.ndarray, first: str, last: str) -> None:
    labels = ticks(times)
    assert (labels[0], labels[-1]) == (first, last)
    assert 2 <= len(labels) <= 11
    assert len(set(labels)) == len(labels)


def test_nights_take_no_room_on_an_intraday_axis() -> None:
    times = minute_times(3, 10)
    places = Timeline.of(times).place(times)
    assert np.diff(places).tolist() == [1.0] * 29


def test_a_calendar_axis_is_in_new_york_days() -> None:
    times = np.array([ns(date(2005, 7, 1)), ns(date(2005, 12, 1))])
    expected = [(day - date(1970, 1, 1)).days + 16 / 24 for day in (date(2005, 7, 1), date(2005, 12, 1))]
    assert Timeline.of(times).place(times) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording.percent(-0.1234), "\N{MINUS SIGN}12.3%"),
        (wording.percent(0.1234, signed=True), "+12.3%"),
        (wording.percent(-0.0001), "0.0%"),
        (wording.percent(None), "n/a"),
        (wording.money(-1234567.891, digits=2), "\N{MINUS SIGN}$1,234,567.89"),
        (wording.money(0.0, signed=True), "$0"),
        (wording.number(1234.5, signed=True), "+1,234.50"),
        (wording.price(0.1234), "$0.1234"),
        (wording.price(1234.5), "$1,234.50"),
        (wording.count(1, "trade"), "1 trade"),
        (wording.count(1204, "trade"), "1,204 trades"),
        (wording.share(1, 0), "n/a"),
        (wording.share(1, 4), "25.0%"),
        (wording.level(0.95), "95%"),
        (wording.level(0.975), "97.5%"),
        (wording.refusal_name("a_code_of_tomorrow"), "A code of tomorrow"),
    ],
)
def test_numbers_are_written_with_separators_units_and_a_true_minus(text: str, expected: str) -> None:
    assert text == expected


def test_every_refusal_code_has_a_name_in_words_and_every_name_a_code() -> None:
    from framework.domain import reasons
    from framework.engine import breakers, contingencies, targets
    from framework.rules.execution import pricing, rebalance
    from framework.rules.pretrade import violations
    from framework.rules.sizing import policy

    constants = {
        value
        for module in (breakers, contingencies, targets, pricing, reasons, rebalance, violations)
        for name, value in vars(module).items()
        if is_code(name, value)
    }
    assert constants - {pricing.BPS, pricing.ABSOLUTE, contingencies.OCO} | set(policy.REFUSALS) == set(wording.REFUSALS)


def is_code(name: str, value: object) -> bool:
    return name.isupper() and isinstance(value, str)
