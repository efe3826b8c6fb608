"""Indicators are worked out once for the same bars, within a budget of memory, and never change a result."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.engine.indicators import Indicators
from framework.engine.panel import panel_of
from framework.errors import StrategyError
from tests.builders import bars, still

KEYS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 40)), max_size=40)


@given(KEYS, st.integers(0, 1000))
def test_what_is_asked_for_is_what_would_be_made_and_memory_stays_within_its_bound(asked, most):
    indicators, sizes = Indicators(most), dict(asked)
    for key, _ in asked:
        made = np.full(sizes[key], float(key))
        np.testing.assert_array_equal(indicators.get(key, lambda made=made: made.copy()), made)
        assert sum(one.nbytes for one in indicators._kept.values()) == indicators._bytes <= most


def test_the_column_not_asked_for_the_longest_goes_first():
    indicators, made = Indicators(most=160), []

    def get(key):
        def make():
            made.append(key)
            return np.zeros(10)

        indicators.get(key, make)

    for key in "abacab":
        get(key)
    assert made == ["a", "b", "c", "b"]


def test_runs_over_the_same_bars_share_what_a_function_of_its_parameters_gives():
    calls, indicators, series = [], Indicators(), [bars("A", still(100, 5))]

    def scaled(panel, factor, power=1):
        calls.append((factor, power))
        return panel.close * factor**power

    first, second = (panel_of(series, indicators=indicators) for _ in range(2))
    np.testing.assert_array_equal(first.indicator(scaled, 2), second.indicator(scaled, 2))
    second.indicator(scaled, 2, 3)
    second.indicator(scaled, 2.0)  # another type is another parameter
    assert calls == [(2, 1), (2, 3), (2.0, 1)]
    assert second.indicator(lambda panel, factor: panel.close + factor, 2)[0, 0] == 102.0
    panel_of(series).indicator(scaled, 2)
    assert len(calls) == 4


def test_nobody_can_change_what_others_will_read():
    panel = panel_of([bars("A", still(100, 5))])
    with pytest.raises(ValueError, match="read-only"):
        panel.indicator(lambda panel: panel.close * 2)[0, 0] = 1.0


def test_a_function_that_gives_no_array_and_a_parameter_without_a_hash_are_the_strategy_s_errors():
    panel = panel_of([bars("A", still(100, 5))])
    with pytest.raises(StrategyError, match=r"bars.indicator\(<lambda>, ...\): <lambda> returned list; it must return an array"):
        panel.indicator(lambda panel: list(panel.close))
    with pytest.raises(StrategyError, match=r"unhashable type: 'list'; give numbers, text or tuples"):
        panel.indicator(lambda panel, lengths: panel.close[lengths], [1, 2])
