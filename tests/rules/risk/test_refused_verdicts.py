"""A test of a model that has no verdict is a whole record: every number NaN, its degrees and counts, and the reason word for word."""

from __future__ import annotations

from dataclasses import astuple
from math import nan

import numpy as np
import pytest

from framework.rules.risk.backtests import LikelihoodRatio, christoffersen, christoffersen_independence, kupiec, kupiec_region, violations
from framework.rules.risk.shortfall_backtests import NullDistribution, acerbi_szekely_z1, acerbi_szekely_z2
from framework.rules.risk.traffic_light import Zone, traffic_light
from tests.rules.risk.odd_histories import (
    ONES,
    PLAIN,
    assert_is,
)


@pytest.mark.parametrize(
    ("hits", "pairs", "broken", "why"),
    [
        ([False] * 250, 249, 0, "no violation has a next day"),
        ([False] * 249 + [True], 249, 1, "no violation has a next day"),
        ([False] * 2, 1, 0, "no violation has a next day"),
        ([True] * 250, 249, 249, "every forecast was broken"),
        ([True], 0, 0, "it takes two forecasts to make a pair"),
    ],
)
def test_a_test_without_a_verdict_is_a_whole_record(hits, pairs, broken, why):
    array, why = np.array(hits, dtype=np.bool_), f"not computable: {why}"
    assert_is(christoffersen_independence(array), nan, nan, 1, pairs, broken, why)
    assert_is(christoffersen(array, 0.05), nan, nan, 2, len(hits), sum(hits), why)


def test_counts_that_cannot_be_are_no_test():
    assert_is(kupiec(3, 2, 0.05), nan, nan, 1, 2, 3, "not computable: 3 violations of 2 forecasts")
    assert_is(kupiec(0, 0, 0.05), nan, nan, 1, 0, 0, "not computable: 0 forecasts; 1 to 10000000 are needed")
    probability = "the expected share of violations is 1.0; it must lie between 0 and 1"
    assert_is(kupiec(1, 2, 1.0), nan, nan, 1, 2, 1, f"not computable: {probability}")
    assert kupiec_region(250, 1.0) == kupiec_region(0, 0.01) == (-1, -1)
    assert_is(traffic_light(3, 2), Zone.NONE, nan, nan, "not computable: 3 violations of 2 forecasts")


def test_a_verdict_carries_its_degrees_and_counts():
    hits = np.zeros(100, dtype=np.bool_)
    hits[[10, 11, 50]] = True
    assert astuple(christoffersen_independence(hits))[2:] == (1, 99, 3, "")
    assert astuple(christoffersen(hits, 0.05))[2:] == (2, 100, 3, "")
    assert astuple(kupiec(3, 100, 0.05))[2:] == (1, 100, 3, "")


def test_a_model_is_rejected_below_the_significance_and_not_at_it():
    at = LikelihoodRatio(3.84, 0.05, 1, 100, 9)
    assert not at.rejected()
    assert at.rejected(0.051)
    assert LikelihoodRatio(3.9, 0.049, 1, 100, 9).rejected()
    assert not LikelihoodRatio(nan, nan, 1, 100, 9).rejected(1.0)


def test_a_shortfall_that_cannot_be_judged_is_a_whole_record():
    shapes = "(2,) returns, (2,) VaRs and (1,) shortfalls do not match"
    level = np.full(3, 0.02)
    assert_is(acerbi_szekely_z1(ONES, ONES, np.ones(1)), nan, shapes)
    assert_is(acerbi_szekely_z2(ONES, ONES, np.ones(1), 0.9), nan, shapes)
    assert_is(acerbi_szekely_z1(level[:1], level[:1], level[:1]), nan, "there is no forecast with a return after it")
    assert_is(acerbi_szekely_z1(level, level, level), nan, "there is no violation")
    assert_is(acerbi_szekely_z2(level, level, level, 1.0), nan, "confidence is 1.0; it must lie between 0 and 1")


def test_a_loss_of_exactly_the_var_is_no_violation():
    returns, var, shortfall = np.array([0.0, -0.02, -0.06, -0.01]), np.full(4, 0.02), np.full(4, 0.04)
    assert acerbi_szekely_z1(returns, var, shortfall).value == pytest.approx(1.0 - 1.5)
    assert acerbi_szekely_z2(returns, var, shortfall, 0.9).value == pytest.approx(1.0 - 1.5 / (3 * 0.1))


def test_the_ends_of_a_null_distribution_are_its_smallest_and_largest():
    null = NullDistribution(np.array([nan, -3.0, 1.0, 0.0]), np.array([-2.0, 0.5, -1.0, 0.0]))
    assert (null.critical_z1(0.0), null.critical_z1(0.5), null.critical_z1(1.0)) == (-3.0, 0.0, 1.0)
    assert (null.critical_z2(0.0), null.critical_z2(0.5), null.critical_z2(1.0)) == (-2.0, -0.5, 0.5)
    assert np.isnan([null.critical_z1(-0.1), null.critical_z2(1.1)]).all()


def test_one_forecast_can_be_counted_and_what_was_promised_is_no_evidence():
    assert kupiec(0, 1, 0.05).computable
    assert kupiec(5, 100, 0.05).statistic == pytest.approx(0.0, abs=1e-9)


def test_an_empty_history_has_no_violations_of_its_own_kind():
    assert violations(PLAIN, PLAIN[1:]).dtype == np.bool_
