"""From ``[guards]`` to the breakers: each can be switched off alone, and what cannot be meant is refused with its key and a remedy."""

from __future__ import annotations

import pytest

from framework.app.assembly.policies import policies
from framework.errors import ConfigError
from framework.rules.guards.policy import GuardPolicy
from framework.runtime.loading import validated

SWITCHES = (
    "max_daily_loss_pct max_drawdown_pct max_consecutive_losses streak_losses profit_goal_pct max_violations max_missed_bars "
    "max_broker_errors"
).split()


def guards(**keys) -> GuardPolicy | None:
    tree = {"strategy": {"class": "a:B"}, "universe": {"symbols": ["A"]}, "guards": keys}
    return policies(validated(tree, "onetape.toml")).guards


def test_the_section_s_defaults_are_the_policy_s():
    assert guards() == GuardPolicy()


@pytest.mark.parametrize("key", SWITCHES)
def test_zero_switches_one_breaker_off_and_no_other(key):
    found = guards(**{key: 0})
    assert found == GuardPolicy(**{key: None})
    assert getattr(found, key) is None


def test_enabled_switches_them_all_off():
    assert guards(enabled=False) is None


@pytest.mark.parametrize("key", SWITCHES)
@pytest.mark.parametrize("value", [False, True])
def test_true_and_false_are_no_limits_and_the_message_says_what_is(key, value):
    with pytest.raises(ConfigError) as refused:
        guards(**{key: value})
    shown = str(value).lower()
    assert str(refused.value) == f"onetape.toml: [guards] {key} = {shown}: must be a number; 0 switches this breaker off"


@pytest.mark.parametrize("key", SWITCHES)
def test_a_limit_below_zero_is_refused(key):
    with pytest.raises(ConfigError, match=rf"\[guards\] {key} = -1: must be above 0, or 0 to switch this breaker off"):
        guards(**{key: -1})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"max_daily_loss_pct": 2}, r"\[guards\] max_daily_loss_pct = 2: must be at most 1 \(a fraction: 0.05 means 5 %\)"),
        ({"max_missed_bars": 1.5}, r"\[guards\] max_missed_bars = 1.5: must be a whole number"),
        ({"profit_goal_pct": "much"}, r'\[guards\] profit_goal_pct = "much": must be a number, without quotes'),
        ({"max_data_age_seconds": 300}, r"unknown key \[guards\] max_data_age_seconds"),
        (
            {"max_broker_errors": 30},
            r"\[guards\] max_broker_errors = 30 cannot be reached among the last broker_window = 20; lower the first or raise the second",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(keys, message):
    with pytest.raises(ConfigError, match=message):
        guards(**keys)


@pytest.mark.parametrize(
    ("key", "value"), [("streak_multiplier", 0.5), ("violation_memory_sessions", 9), ("broker_window", 50), ("resets_daily", False)]
)
def test_every_other_key_arrives(key, value):
    assert guards(**{key: value}) == GuardPolicy(**{key: value})
