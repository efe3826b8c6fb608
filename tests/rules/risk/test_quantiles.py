from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.risk.quantiles import Quantile, age_weighted, historical, reaching_minimum
from framework.rules.risk.shortfall import Shortfall, expected_shortfall
from tests.rules.risk import market
from tests.rules.risk.drawn import confidences, returns, ticks

NUMPY = {
    Quantile.LINEAR: "linear",
    Quantile.LOWER: "lower",
    Quantile.HIGHER: "higher",
    Quantile.HAZEN: "hazen",
    Quantile.WEIBULL: "weibull",
    Quantile.MEDIAN_UNBIASED: "median_unbiased",
    Quantile.NORMAL_UNBIASED: "normal_unbiased",
    Quantile.KTH_WORST: "inverted_cdf",
}


@pytest.mark.parametrize("quantile", NUMPY)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.975, 0.99])
@pytest.mark.parametrize("count", [101, 252, 503])
def test_every_quantile_convention_is_that_of_numpy(quantile, confidence, count):
    sample = market.stock("AAPL")[:count]
    expected = -np.quantile(sample, round(1 - confidence, 12), method=NUMPY[quantile])
    assert historical(sample, confidence, quantile).var == pytest.approx(expected, rel=1e-9)


def test_a_whole_number_of_tail_days_separates_hull_from_mcneil():
    losses = np.arange(100, 0, -1.0)
    assert historical(-losses, 0.95, Quantile.KTH_WORST).var == 96.0
    assert historical(-losses, 0.95, Quantile.NEXT_WORST).var == 95.0


def test_the_fractional_day_of_cvar_counts_with_its_fraction():
    losses = np.arange(50, 0, -1.0)
    assert historical(-losses, 0.95).cvar == pytest.approx((50 + 49 + 0.5 * 48) / 2.5)


@given(returns(), confidences, st.sampled_from(Quantile))
def test_cvar_is_never_below_var(sample, confidence, quantile):
    found = historical(sample, confidence, quantile, minimum=1)
    assert found.cvar >= found.var


@given(returns(), confidences, st.sampled_from(Quantile), st.sampled_from([0.25, 2.0, 1024.0]))
def test_twice_the_position_has_twice_the_risk(sample, confidence, quantile, factor):
    once, scaled = (historical(one, confidence, quantile, minimum=1) for one in (sample, factor * sample))
    assert (scaled.var, scaled.cvar) == (factor * once.var, factor * once.cvar)


@given(returns(), confidences, st.sampled_from(Quantile), ticks)
def test_a_certain_gain_lowers_risk_by_itself(sample, confidence, quantile, gain):
    before, after = (historical(one, confidence, quantile, minimum=1) for one in (sample, sample + gain))
    assert after.var == pytest.approx(before.var - gain, abs=1e-12)
    assert after.cvar == pytest.approx(before.cvar - gain, abs=1e-12)


@given(returns(), confidences, confidences, st.sampled_from(Quantile))
def test_more_confidence_never_means_less_var(sample, one, other, quantile):
    low, high = (historical(sample, confidence, quantile, minimum=1) for confidence in sorted((one, other)))
    assert high.var >= low.var - 1e-15


@given(returns(), confidences, confidences)
def test_more_confidence_never_means_less_cvar(sample, one, other):
    low, high = (historical(sample, confidence, minimum=1) for confidence in sorted((one, other)))
    assert high.cvar >= low.cvar - 1e-15


@given(returns(), confidences, st.randoms(use_true_random=False))
def test_the_order_of_days_does_not_matter(sample, confidence, shuffler):
    order = list(range(len(sample)))
    shuffler.shuffle(order)
    assert historical(sample[order], confidence, minimum=1) == historical(sample, confidence, minimum=1)


@given(returns(), returns(), confidences)
def test_cvar_of_two_positions_is_at_most_the_sum(one, other, confidence):
    days = min(len(one), len(other))
    parts = [historical(sample[:days], confidence, minimum=1).cvar for sample in (one, other)]
    assert historical(one[:days] + other[:days], confidence, minimum=1).cvar <= sum(parts) + 1e-12


@pytest.mark.parametrize(("confidence", "needed"), [(0.95, 20), (0.99, 100), (0.975, 40), (0.9, 10)])
def test_a_window_that_does_not_reach_the_tail_has_no_estimate(confidence, needed):
    sample = market.stock("AAPL")
    assert reaching_minimum(confidence) == needed
    assert historical(sample[:needed], confidence).known
    short = historical(sample[: needed - 1], confidence)
    assert math.isnan(short.var)
    assert math.isnan(short.cvar)
    assert short.note == f"{needed - 1} observations; at least {needed} are needed"


def test_a_broken_return_is_named_with_its_place():
    sample = np.zeros(30)
    sample[17] = np.nan
    assert "the value at 17 is nan" in historical(sample, 0.95).note


def test_a_window_of_gains_has_negative_var():
    assert historical(np.full(252, 0.01), 0.99).var == -0.01


# Age weights


def test_age_weights_give_hulls_table():
    profits = np.linspace(0.0, 100.0, 500)
    for scenario, loss in {494: 477.841, 339: 345.435, 349: 282.204, 329: 277.041, 487: 253.385}.items():
        profits[scenario - 1] = -loss
    found = age_weighted(profits, 0.99, 0.995)
    assert found.var == 282.204
    assert found.cvar == pytest.approx(400.914, abs=0.0005)


@given(returns(100), confidences)
def test_equal_ages_are_plain_historical_simulation(sample, confidence):
    weighted = age_weighted(sample, confidence, 1.0 - 1e-12)
    plain = historical(sample, confidence, minimum=1)
    assert weighted.cvar == pytest.approx(plain.cvar, abs=1e-9)


@given(returns(100), confidences, st.sampled_from([0.9, 0.97, 0.995]))
def test_age_weighted_cvar_is_never_below_var(sample, confidence, decay):
    found = age_weighted(sample, confidence, decay)
    assert found.cvar >= found.var


@pytest.mark.parametrize("decay", [0.0, 0.4, 1.0, math.nan])
def test_a_decay_outside_its_range_is_refused(decay):
    assert "decay" in age_weighted(np.zeros(100), 0.95, decay).note


# Other definitions of expected shortfall


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_the_integrated_shortfall_is_the_mean_of_the_linear_quantiles(confidence):
    sample = market.stock("IBM")[:252]
    tail = 1 - confidence
    grid = (np.arange(400_000) + 0.5) / 400_000 * tail
    expected = -np.quantile(sample, grid).mean()
    assert expected_shortfall(sample, confidence, Shortfall.INTEGRATED).value == pytest.approx(expected, rel=1e-6)


def test_the_definitions_on_one_small_sample():
    sample = -np.array([10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0])  # linear 80 % quantile: the third worst, 8
    found = {definition: expected_shortfall(sample, 0.8, definition).value for definition in Shortfall}
    assert found == pytest.approx(
        {
            Shortfall.ROCKAFELLAR_URYASEV: (10 + 9 + 0.2 * 8) / 2.2,
            Shortfall.AT_OR_BEYOND_VAR: 9.0,
            Shortfall.BEYOND_VAR: 9.5,
            Shortfall.HULL: 9.5,
            Shortfall.INDEXED: 9.0,
            Shortfall.INTEGRATED: 9.0,
        }
    )


@given(returns(), confidences)
def test_the_first_definition_is_the_cvar_of_historical_simulation(sample, confidence):
    assert expected_shortfall(sample, confidence).value == pytest.approx(historical(sample, confidence, minimum=1).cvar, abs=1e-15)


@pytest.mark.parametrize("definition", [Shortfall.HULL, Shortfall.BEYOND_VAR])
def test_an_empty_tail_has_no_shortfall(definition):
    assert "no return lies in the tail" in expected_shortfall(np.full(15, -0.01), 0.95, definition).note


@pytest.mark.parametrize(("confidence", "needed"), [(0.93, 15), (0.94, 17), (0.95, 20), (0.6, 3), (1.0, 1), (math.nan, 1)])
def test_a_part_of_an_observation_is_a_whole_one(confidence, needed):
    assert reaching_minimum(confidence) == needed


@pytest.mark.parametrize("count", [30, 1000, 20_000])
@pytest.mark.parametrize("confidence", [0.02, 0.5, 0.93, 0.95, 0.99])
def test_samples_of_every_size_are_read_off_at_the_right_place(count, confidence):
    sample = np.random.default_rng(count).standard_t(3, count)
    tail = round(1.0 - confidence, 12)
    found, ordered = historical(sample, confidence, minimum=1), np.sort(sample)
    whole = int(tail * count + 1e-9)
    mean = (ordered[:whole].sum() + (tail * count - whole) * ordered[whole]) / (tail * count)
    assert found.var == pytest.approx(-np.quantile(sample, tail), rel=1e-9)
    assert found.cvar == pytest.approx(max(-mean, found.var), rel=1e-9)
