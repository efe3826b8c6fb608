"""Did the forecast hold? Both forecasts side by side, and the tests of each recomputed with scipy."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from framework.report import canvas, charts
from framework.report.shortfall_check import judge, right_forecasts
from framework.report.tear_sheet_data import from_record
from framework.report.timeline import Timeline
from framework.report.var_check import VarChecks, check_both, check_var, compare, latest_of_session
from framework.report.var_table import comparison_sentence, risk_rows
from tests.report.records import Forecast, daily_times, forecast, make_record, minute_times

if TYPE_CHECKING:
    from framework.domain.record import RunRecord
    from framework.report.var_table import RiskRow


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return make_record(daily_times(520))


def checks_of(hits: list[bool], confidence: float = 0.95, returns: np.ndarray | None = None, shortfall: float = 0.03) -> VarChecks:
    """A run whose every session ended with a forecast of 2 % (shortfall 3 %), broken where ``hits`` says so; without a joint figure."""
    times = daily_times(len(hits) + 1)
    returns = np.where(hits, -0.05, 0.001) if returns is None else returns
    total = np.full(times.size, 0.02)
    joint = np.full(times.size, np.nan)
    equity = 1e5 * np.cumprod(np.append(1.0, 1.0 + returns))
    made, missing = (check_var(times, equity, one, one * shortfall / 0.02, confidence) for one in (total, joint))
    return VarChecks(made, missing, compare(times, total, joint))


def answers(checks: VarChecks) -> dict[str, RiskRow]:
    return {row.name: row for row in risk_rows(checks)}


def statistic_and_chance(text: str) -> tuple[float, str]:
    found = re.fullmatch(r"LR ([\d.,]+), p ([=<] [01]\.\d{3})", text)
    assert found is not None
    return float(found[1].replace(",", "")), found[2]


def spread(violations: int, forecasts: int) -> list[bool]:
    """That many violations, evenly apart: never two in a row up to a half."""
    return [bool((row + 1) * violations // forecasts - row * violations // forecasts) for row in range(forecasts)]


@given(st.integers(0, 100), st.sampled_from([0.9, 0.95, 0.975, 0.99]))
def test_the_number_of_violations_is_judged_as_scipys_g_test_does(violations: int, confidence: float) -> None:
    row = answers(checks_of(spread(violations, 500), confidence))["Their number"]
    expected = [500 * (1 - confidence), 500 * confidence]
    test = stats.power_divergence([violations, 500 - violations], expected, lambda_="log-likelihood")
    # Exactly as many as expected: scipy's sum can fall a rounding below zero, where its chance is not a number.
    pvalue = 1.0 if np.isnan(test.pvalue) else test.pvalue
    statistic, chance = statistic_and_chance(row.total.value)
    assert statistic == pytest.approx(test.statistic, abs=0.0051)
    assert chance == ("< 0.001" if pvalue < 0.001 else f"= {pvalue:.3f}")
    words = "within" if pvalue >= 0.05 else "too many" if violations > expected[0] else "too few"
    assert row.total.says.startswith(words)


@given(st.lists(st.booleans(), min_size=2, max_size=300))
def test_the_spacing_is_judged_as_scipys_contingency_test_does(hits: list[bool]) -> None:
    table = np.zeros((2, 2))
    for before, after in pairwise(hits):
        table[int(before), int(after)] += 1
    row = answers(checks_of(hits))["Their spacing"]
    if not table.sum(axis=1).all():
        assert row.total.value == "not computable"
        assert len(row.total.says) > 10
        assert answers(checks_of(hits))["Number and spacing"].total.value == "not computable"
    elif table.sum(axis=0).all():
        test = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        statistic, _ = statistic_and_chance(row.total.value)
        assert statistic == pytest.approx(test.statistic, abs=0.0051)
        clustered = table[1, 1] / table[1].sum() > table[0, 1] / table[0].sum()
        words = "no sign of clusters" if test.pvalue >= 0.05 else "they come in clusters" if clustered else "they avoid one another"
        assert row.total.says.startswith(words)


@pytest.mark.parametrize(
    ("hits", "words"),
    [
        ([False] * 90 + [True] * 10, "they come in clusters"),
        ([False, True] * 50, "they avoid one another"),
        ([False] * 50 + [True] + [False] * 49, "no sign of clusters"),
    ],
)
def test_violations_that_follow_or_avoid_one_another_are_told_apart(hits: list[bool], words: str) -> None:
    assert answers(checks_of(hits))["Their spacing"].total.says.startswith(words)


def test_number_and_spacing_add_up_with_two_degrees_of_freedom() -> None:
    rows = answers(checks_of([False] * 200 + [True] * 6 + [False] * 44))
    parts = [statistic_and_chance(rows[name].total.value)[0] for name in ("Their number", "Their spacing")]
    total, chance = statistic_and_chance(rows["Number and spacing"].total.value)
    assert total == pytest.approx(sum(parts), abs=0.011)
    assert stats.chi2.sf(total, 2) < 0.001
    assert chance == "< 0.001"
    assert rows["Number and spacing"].total.says == "not those of a right forecast"


@pytest.mark.parametrize("older", [0, 60])
@pytest.mark.parametrize("recent", [0, 18, 19, 27, 28, 40])
def test_the_traffic_light_counts_the_last_250_forecasts_by_basels_probabilities(older: int, recent: int) -> None:
    light = answers(checks_of([True] * older + [False] * 10 + spread(recent, 250)))["Traffic light"].total
    reached = stats.binom.cdf(recent, 250, 0.05)
    zone = "red" if reached >= 0.9999 else "yellow" if reached >= 0.95 else "green"
    assert (light.value, light.light) == (f"{zone}: {recent} of 250", zone)


def test_at_99_percent_the_zones_are_those_basel_printed() -> None:
    zones = [answers(checks_of(spread(count, 250), 0.99))["Traffic light"].total.light for count in (0, 4, 5, 9, 10)]
    assert zones == ["green", "green", "yellow", "yellow", "red"]


def test_a_run_of_less_than_a_year_is_lit_by_what_it_has() -> None:
    assert answers(checks_of(spread(3, 80)))["Traffic light"].total.value == "green: 3 of 80"


def test_the_two_forecasts_are_compared_where_both_were_made(record: RunRecord) -> None:
    total, joint = record.var_1d, record.joint_var_1d.copy()
    joint[70:90] = np.nan
    joint[300:310] = total[300:310] * 1.25
    both = np.isfinite(joint) & (total > 0.0)
    checks = check_both(from_record(replace(record, forecasts=forecast(record, joint_var_1d=joint))))
    rows = answers(checks)
    assert rows["Mean forecast"].total.value == f"{total[both].mean():.2%}"
    assert rows["Mean forecast"].joint.value == f"{joint[both].mean():.2%}"
    last = np.flatnonzero(both)[-1]
    assert (rows["Last forecast"].total.value, rows["Last forecast"].joint.value) == (f"{total[last]:.2%}", f"{joint[last]:.2%}")
    above = int((joint[300:310] > 0.0).sum())
    assert 0 < above <= 10
    assert rows["Joint above the sum"].joint.says == f"{above} of {both.sum()} sessions"
    assert f"In {above} of {both.sum()} sessions" in comparison_sentence(checks)
    assert "not subadditive" in comparison_sentence(checks)
    assert rows["Forecasts checked"].joint.value == str(int((np.nan_to_num(joint[:-1]) > 0.0).sum()))


def test_the_same_figure_twice_is_not_a_breach_of_subadditivity(record: RunRecord) -> None:
    data = from_record(replace(record, forecasts=forecast(record, joint_var_1d=record.var_1d * (1.0 + 1e-14))))
    assert "never above" in comparison_sentence(check_both(data))


def test_without_a_forecast_there_is_no_table(record: RunRecord) -> None:
    nothing = np.full(record.timestamps.size, np.nan)
    data = from_record(replace(record, forecasts=Forecast(nothing, nothing, nothing, nothing)))
    assert risk_rows(check_both(data)) == []
    assert comparison_sentence(check_both(data)) == ""


@given(st.integers(0, 12), st.integers(1, 6), st.data())
def test_within_a_session_its_latest_joint_figure_holds_and_no_earlier_sessions(sessions: int, points: int, data: st.DataObject) -> None:
    times = minute_times(sessions, points) if sessions else np.empty(0, dtype=np.int64)
    figures = np.array(data.draw(st.lists(st.sampled_from([np.nan, 0.0, 0.5, 0.7]), min_size=times.size, max_size=times.size)))
    expected = []
    for row, figure in enumerate(figures.tolist()):
        known = expected[-1] if row % points else np.nan
        expected.append(known if np.isnan(figure) else figure)
    np.testing.assert_array_equal(latest_of_session(times, figures), np.array(expected))


def test_the_joint_forecast_of_a_day_trader_is_judged_too() -> None:
    times = minute_times(6, 10)
    joint = np.where(np.arange(times.size) % 10 == 3, 0.01, np.nan)
    equity = 1e5 * np.cumprod(np.where(np.arange(times.size) % 20 == 15, 0.98, 1.0))
    record = make_record(times, ("AAPL",))
    checks = check_both(from_record(replace(record, equity=equity, forecasts=forecast(record, joint_var_1d=joint))))
    assert (checks.joint.made, checks.joint.violated.tolist()) == (5, [0, 2, 4])


# --- expected shortfall


def judged(text: str) -> tuple[str, float, str]:
    found = re.fullmatch(r"(Z[12]) (\N{MINUS SIGN}?[\d.,]+), p ([=<] [01]\.\d{3})", text)
    assert found is not None
    return found[1], float(found[2].replace("\N{MINUS SIGN}", "-")), found[3]


@given(st.lists(st.floats(-0.2, 0.05), min_size=20, max_size=120), st.sampled_from([0.95, 0.99]))
def test_the_losses_beyond_are_judged_by_acerbis_and_szekelys_sums(returns: list[float], confidence: float) -> None:
    checks = checks_of([False] * len(returns), confidence, np.array(returns))
    realized = checks.total.realized
    beyond = [loss for loss in realized.tolist() if loss > 0.02]
    rows = answers(checks)
    mean, size, both = (rows[name].total for name in ("Mean larger loss", "Size of larger losses", "Number and size"))
    assert judged(both.value)[:2] == ("Z2", pytest.approx(1.0 - sum(beyond) / 0.03 / (len(returns) * (1 - confidence)), abs=0.0051))
    if beyond:
        assert judged(size.value)[:2] == ("Z1", pytest.approx(1.0 - sum(beyond) / 0.03 / len(beyond), abs=0.0051))
        assert (mean.value, mean.says) == (f"{sum(beyond) / len(beyond):.2%}", "3.00% was forecast")
    else:
        assert (mean.value, size.value, size.says) == ("none", "not computable", "there is no violation")


def test_a_right_shortfall_passes_and_one_that_is_too_low_does_not() -> None:
    # Student-t returns of 5 degrees, scaled so that their VaR is the 2 % of the forecast: shortfall / VaR is a number of the distribution.
    draws = stats.t(5).rvs(1_000, random_state=np.random.default_rng(11)) * 0.02 / -stats.t(5).ppf(0.05)
    right = 0.02 * stats.t(5).expect(lambda x: -x, ub=stats.t(5).ppf(0.05), conditional=True) / -stats.t(5).ppf(0.05)
    fair, low = (answers(checks_of([False] * 1_000, 0.95, draws, shortfall)) for shortfall in (right, 0.6 * right))
    assert (fair["Size of larger losses"].total.says, fair["Number and size"].total.says) == (
        "as large as forecast",
        "no worse than forecast",
    )
    for name in ("Size of larger losses", "Number and size"):
        assert low[name].total.says.endswith("shortfall was too low")
        assert judged(low[name].total.value)[2] == "< 0.001"


def test_a_forecast_that_is_right_is_rejected_about_one_time_in_twenty() -> None:
    scale = 0.02 / -stats.t(5).ppf(0.05)
    right = scale * stats.t(5).expect(lambda x: -x, ub=stats.t(5).ppf(0.05), conditional=True)
    null = right_forecasts(250, 0.95)
    found = []
    for seed in range(400):
        draws = stats.t(5).rvs(250, random_state=np.random.default_rng(seed)) * scale
        found.append(judge(checks_of([False] * 250, 0.95, draws, right).total, null))
    for rejected in ([one.z1.rejected for one in found], [one.z2.rejected for one in found]):
        assert 0.02 < np.mean(rejected) < 0.09


def test_both_forecasts_of_shortfall_are_judged(record: RunRecord) -> None:
    rows = answers(check_both(from_record(record)))
    for name in ("Size of larger losses", "Number and size"):
        assert judged(rows[name].total.value)[1] > judged(rows[name].joint.value)[1]  # the joint forecast is 0.6 / 0.75 of the sum


def test_without_a_joint_forecast_its_cells_say_so() -> None:
    rows = answers(checks_of(spread(5, 100)))
    assert {rows[name].joint.value for name in ("Mean larger loss", "Size of larger losses", "Number and size")} == {"n/a"}


@pytest.mark.parametrize(
    ("config", "confidence"),
    [
        ("[sizing]\nconfidence = 0.99\n", 0.99),
        ("[sizing]\nmethod = 'var'\n", 0.95),
        ("sizing = 3\n", 0.95),
        ("[sizing]\nconfidence = 7.0\n", 0.95),
        ("not TOML", 0.95),
        ("", 0.95),
    ],
)
def test_forecasts_are_judged_at_the_confidence_they_were_made_with(record: RunRecord, config: str, confidence: float) -> None:
    data = from_record(replace(record, config_text=config))
    checks = check_both(data)
    assert data.confidence == confidence
    assert checks.total.expected == pytest.approx((1 - confidence) * checks.total.made)


def labels(checks: VarChecks, times: np.ndarray) -> list[str]:
    with canvas.styled():
        (axes,) = charts.var_figure(checks, Timeline.of(times)).axes
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_the_legend_names_both_forecasts_and_their_confidence(record: RunRecord) -> None:
    checks = check_both(from_record(replace(record, config_text="[sizing]\nconfidence = 0.975\n")))
    assert {"97.5% VaR, sum of positions", "Joint VaR"} <= set(labels(checks, record.timestamps))
    without = checks_of(spread(3, 80))
    assert "Joint VaR" not in labels(without, without.total.timestamps)
