from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from framework.rules.risk.backtests import (
    Transitions,
    christoffersen,
    christoffersen_independence,
    combined,
    independence_of,
    kupiec,
    kupiec_region,
    transitions,
    violations,
)
from framework.rules.risk.montecarlo import generator_of
from framework.rules.risk.shortfall_backtests import acerbi_szekely_z1, acerbi_szekely_z2, simulate_null
from framework.rules.risk.traffic_light import Zone, binomial_cumulative, traffic_light

#: Kupiec (1995), table 3 (Jorion 2007, table 6-2): not rejected at 5 % are the counts between, for 255, 510 and 1000 days.
KUPIEC_TABLE = {
    0.01: [(0, 7), (1, 11), (4, 17)],
    0.025: [(2, 12), (6, 21), (15, 36)],
    0.05: [(6, 21), (16, 36), (37, 65)],
    0.075: [(11, 28), (27, 51), (59, 92)],
    0.10: [(16, 36), (38, 65), (81, 120)],
}
#: Basel Committee (1996), table 2: cumulative probability in percent and add-on for 0 to 10 exceptions in 250 days.
BASEL = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97, 99.99]
ADD_ONS = [0.0, 0.0, 0.0, 0.0, 0.0, 0.40, 0.50, 0.65, 0.75, 0.85, 1.00]


@given(st.integers(1, 999), st.sampled_from([0.01, 0.025, 0.05]))
def test_kupiec_is_the_g_test_of_scipy(count, probability):
    observed, expected = [1000 - count, count], [1000 * (1 - probability), 1000 * probability]
    g_test = stats.power_divergence(observed, expected, lambda_="log-likelihood")
    found = kupiec(count, 1000, probability)
    assert found.statistic == pytest.approx(g_test.statistic, rel=1e-9, abs=1e-9)
    assert found.p_value == pytest.approx(g_test.pvalue, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("probability", KUPIEC_TABLE)
def test_the_regions_are_those_kupiec_printed(probability):
    assert [kupiec_region(days, probability) for days in (255, 510, 1000)] == KUPIEC_TABLE[probability]


def test_no_violation_and_nothing_but_violations_have_a_likelihood():
    assert kupiec(0, 250, 0.01).statistic == pytest.approx(-500 * math.log(0.99))
    assert kupiec(250, 250, 0.01).statistic == pytest.approx(-500 * math.log(0.01))
    assert kupiec_region(10, 0.01)[0] == -1
    assert kupiec_region(3, 0.9)[1] == 4


@given(st.integers(0, 200), st.integers(1, 60), st.integers(1, 60), st.integers(0, 60))
def test_independence_is_the_g_test_of_the_table(n00, n01, n10, n11):
    found = independence_of(Transitions(n00, n01, n10, n11))
    if n00 + n10 == 0 or n01 + n11 == 0:
        return
    g_test = stats.chi2_contingency([[n00, n01], [n10, n11]], correction=False, lambda_="log-likelihood")
    assert found.statistic == pytest.approx(g_test.statistic, rel=1e-7, abs=1e-9)
    assert found.p_value == pytest.approx(g_test.pvalue, rel=1e-6, abs=1e-12)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_neighbours_are_counted_once(hits):
    pairs = list(pairwise(hits))
    expected = Transitions(*(pairs.count(pair) for pair in ((False, False), (False, True), (True, False), (True, True))))
    assert transitions(np.array(hits)) == expected


@pytest.mark.parametrize(
    ("hits", "why"),
    [
        ([False] * 250, "no violation has a next day"),
        ([False] * 249 + [True], "no violation has a next day"),
        ([True] * 250, "every forecast was broken"),
        ([True], "two forecasts"),
        ([], "two forecasts"),
    ],
)
def test_what_cannot_be_computed_is_said_and_not_passed(hits, why):
    array = np.array(hits, dtype=np.bool_)
    for found in (christoffersen_independence(array), christoffersen(array, 0.01)):
        assert not found.computable
        assert found.note.startswith("not computable: ")
        assert math.isnan(found.p_value)
    assert why in christoffersen_independence(array).note


def test_conditional_coverage_counts_all_forecasts_and_one_pair_less():
    hits = np.zeros(252, dtype=np.bool_)
    hits[[10, 11, 12, 13, 100, 200]] = True
    found = christoffersen(hits, 0.01)
    coverage, independence = kupiec(6, 252, 0.01), christoffersen_independence(hits)
    assert (coverage.observations, independence.observations) == (252, 251)
    assert found.statistic == coverage.statistic + independence.statistic
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 2))
    assert found.rejected(0.01)
    assert combined(coverage, independence) == found


def test_four_violations_that_follow_one_another_are_those_of_jorion():
    """Jorion (2007), chapter 6, question 10."""
    assert independence_of(Transitions(n00=244, n01=2, n10=2, n11=4)).statistic == pytest.approx(25.837, abs=0.0005)


def test_a_forecast_is_judged_by_the_next_return():
    returns = np.array([-0.05, -0.01, -0.03, 0.0, -0.02])
    forecasts = np.array([0.005, 0.02, 0.04, np.nan, 0.0])
    assert violations(returns, forecasts).tolist() == [True, True, False]
    assert len(violations(returns, forecasts[:3])) == 0


def test_a_forecast_that_is_just_met_is_not_broken():
    assert violations(np.array([0.0, -0.02]), np.array([0.02, 0.0])).tolist() == [False]


# Traffic light


@pytest.mark.parametrize("count", range(11))
def test_the_zones_are_those_of_basel(count):
    found = traffic_light(count)
    assert 100.0 * found.cumulative == pytest.approx(BASEL[count], abs=0.006)
    assert found.add_on == ADD_ONS[count]
    assert found.zone == (Zone.GREEN if count <= 4 else Zone.YELLOW if count <= 9 else Zone.RED)


def test_more_than_ten_are_red_with_the_full_add_on():
    assert (traffic_light(40).zone, traffic_light(40).add_on) == (Zone.RED, 1.0)


def test_another_number_of_days_has_a_zone_and_no_add_on():
    found = traffic_light(12, 500, 0.01)
    assert found.zone is Zone.YELLOW
    assert math.isnan(found.add_on)
    assert traffic_light(-1).zone is Zone.NONE


@given(st.integers(0, 400), st.floats(0.001, 0.999))
def test_the_cumulative_probability_is_that_of_scipy(count, probability):
    assert binomial_cumulative(count, 400, probability) == pytest.approx(stats.binom.cdf(count, 400, probability), rel=1e-8, abs=1e-14)


# Expected shortfall


def test_the_two_statistics_by_hand():
    returns = np.array([0.0, -0.03, 0.01, -0.06, -0.01])
    var, shortfall = np.full(5, 0.02), np.full(5, 0.04)
    assert acerbi_szekely_z1(returns, var, shortfall).value == pytest.approx(1 - (0.03 + 0.06) / 0.04 / 2)
    assert acerbi_szekely_z2(returns, var, shortfall, 0.75).value == pytest.approx(1 - (0.03 + 0.06) / 0.04 / (4 * 0.25))


def test_without_a_violation_the_first_is_silent_and_the_second_is_one():
    calm, level = np.zeros(50), np.full(50, 0.02)
    assert "no violation" in acerbi_szekely_z1(calm, level, level).note
    assert acerbi_szekely_z2(calm, level, level, 0.975).value == 1.0
    assert "no forecast" in acerbi_szekely_z1(calm, level, np.zeros(50)).note


def test_a_right_model_has_statistics_around_zero():
    null = simulate_null(250, 0.975, generator_of(1), histories=20_000)
    assert np.nanmean(null.z1) == pytest.approx(0.0, abs=0.01)
    assert null.z2.mean() == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(("freedom", "published"), [(3.0, -0.82), (5.0, -0.74), (10.0, -0.71), (100.0, -0.70), (math.inf, -0.70)])
def test_the_critical_values_are_those_acerbi_and_szekely_printed(freedom, published):
    null = simulate_null(250, 0.975, generator_of(2), histories=20_000, freedom=freedom)
    assert null.critical_z2(0.05) == pytest.approx(published, abs=0.02)


def test_drawing_the_tail_alone_is_drawing_the_whole_history():
    generator = np.random.default_rng(3)
    drawn = generator.standard_normal((20_000, 250))
    quantile = stats.norm.ppf(0.025)
    shortfall = stats.norm.pdf(quantile) / 0.025
    whole = 1 + np.where(drawn < quantile, drawn, 0.0).sum(axis=1) / (250 * 0.025 * shortfall)
    null = simulate_null(250, 0.975, generator_of(4), histories=20_000)
    assert stats.ks_2samp(whole, null.z2).pvalue > 1e-3


def test_a_simulation_without_bounds_is_refused():
    assert "draws in the tail" in simulate_null(10**9, 0.975, generator_of(1)).note
    assert "degrees" in simulate_null(250, 0.975, generator_of(1), freedom=2.0).note
    assert "confidence" in simulate_null(250, 1.0, generator_of(1)).note
    assert math.isnan(simulate_null(250, 1.0, generator_of(1)).critical_z1(0.05))


@pytest.mark.parametrize("freedom", [math.inf, 5.0])
def test_the_simulated_statistics_are_those_of_each_history_alone(freedom):
    found = simulate_null(30, 0.95, generator_of(5), histories=200, freedom=freedom)
    generator = generator_of(5)
    counts = generator.binomial(30, 0.05, 200)
    places = 0.05 * (1.0 - generator.random(counts.sum()))
    shock = stats.norm() if math.isinf(freedom) else stats.t(freedom)
    tail_mean = -shock.expect(lambda x: x, ub=shock.ppf(0.05)) / 0.05
    ratios = np.split(shock.ppf(places) / tail_mean, np.cumsum(counts)[:-1])
    assert {0, 1, 2} <= set(counts.tolist())
    assert found.z1 == pytest.approx([one.mean() + 1.0 if len(one) else math.nan for one in ratios], nan_ok=True, abs=1e-6)
    assert found.z2 == pytest.approx([one.sum() / 1.5 + 1.0 for one in ratios], abs=1e-6)


@pytest.mark.parametrize(
    ("observations", "histories", "confidence", "why"),
    [
        (0, 5, 0.95, "5 histories of 0 forecasts; both from 1 on, and at most 50000000 draws in the tail"),
        (5, 0, 0.95, "0 histories of 5 forecasts; both from 1 on, and at most 50000000 draws in the tail"),
        (5, 5, 1.0, "the confidence must lie between 0 and 1, for example 0.975"),
    ],
)
def test_a_simulation_that_cannot_be_run_is_empty_and_says_why(observations, histories, confidence, why):
    found = simulate_null(observations, confidence, generator_of(5), histories=histories)
    assert (len(found.z1), len(found.z2), found.note) == (0, 0, why)
    assert simulate_null(1, 0.5, generator_of(5), histories=1).note == ""
