"""The profiles, and limits that make no sense."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest

from framework.errors import ConfigError
from framework.rules.pretrade.risk_limits import PROFILES, RiskLimits, profile
from framework.rules.pretrade.validator import GATES, SIZES

#: These bound every entry in every profile: cash at the worst price, fingers, and the smallest order.
SANITY = {"min_order_value_dollars": 1.0, "price_band_pct": 0.50}
#: Switches and numbers that are no limits of their own.
TERMS = {"entry_collar_pct", "settled_cash_only", "refuse_duplicates", "allowed_entry_types"}


def test_the_conservative_profile_has_the_numbers_of_the_requirements_and_no_others():
    limits = profile("conservative")
    assert limits == RiskLimits()
    numbers = {field.name: getattr(limits, field.name) for field in fields(limits) if field.name not in TERMS}
    assert {name: value for name, value in numbers.items() if value is not None} == SANITY | {
        "max_position_pct": 0.05,
        "max_position_risk_pct": 0.05,
        "max_sector_exposure_pct": 0.30,
        "max_total_exposure_pct": 0.80,
        "max_portfolio_var_pct": 0.02,
        "max_orders_per_bar": 10,
    }
    assert limits.refuse_duplicates


def test_the_venue_profile_keeps_cash_and_sanity_only():
    limits = profile("venue")
    numbers = {field.name: getattr(limits, field.name) for field in fields(limits) if field.name not in TERMS}
    assert {name: value for name, value in numbers.items() if value is not None} == SANITY
    assert not limits.refuse_duplicates


def test_every_limit_has_a_rule():
    switches = {key for key, _ in GATES + SIZES if key is not None}
    assert switches == {field.name for field in fields(RiskLimits)} - {"entry_collar_pct"}


def test_a_profile_that_does_not_exist_is_refused_with_the_names():
    with pytest.raises(ConfigError, match=r"\[limits\] profile = 'wild' is not known; choose one of conservative, venue"):
        profile("wild")
    assert set(PROFILES) == {"conservative", "venue"}


@pytest.mark.parametrize("value", [-0.01, math.nan, math.inf, 1e16, -1])
def test_a_limit_that_makes_no_sense_is_refused(value):
    with pytest.raises(ConfigError, match=r"\[limits\] max_position_pct = .*; it must be a number from 0 to 1e\+15"):
        RiskLimits(max_position_pct=value)


def test_a_limit_of_zero_is_a_limit():
    assert RiskLimits(max_positions=0, max_position_pct=0.0).max_positions == 0
