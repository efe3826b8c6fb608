"""Many symbols at once are answered as each one alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.risk import many
from framework.rules.risk.many import symbol_risks
from framework.rules.risk.models import RiskModel, RiskPolicy, symbol_risk
from framework.rules.risk.quantiles import Quantile, tail_of_rows

LENGTHS = st.sampled_from((0, 1, 19, 20, 59, 60))


@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=st.lists(LENGTHS, max_size=6),
    spoilt=st.sets(st.integers(0, 5)),
    confidence=st.sampled_from((0.9, 0.95, 0.99)),
    model=st.sampled_from((RiskModel.HISTORICAL, RiskModel.NORMAL)),
)
def test_each_answer_is_that_of_the_symbol_alone(seed, lengths, spoilt, confidence, model):
    rng = np.random.default_rng(seed)
    windows = [rng.standard_t(3, length) * 0.01 for length in lengths]
    for number in spoilt & set(range(len(windows))):
        windows[number][len(windows[number]) // 2 :] = math.nan
    policy = RiskPolicy(model=model, confidence=confidence, lookback=60, minimum=20)
    together = symbol_risks(windows, policy)
    alone = [symbol_risk(window, policy) for window in windows]
    assert [repr(one) for one in together] == [repr(one) for one in alone]


@pytest.mark.parametrize(
    ("policy", "method"),
    [
        (RiskPolicy(lookback=60), "historical linear"),
        (RiskPolicy(lookback=60, quantile=Quantile.HAZEN), "historical hazen"),
        (RiskPolicy(lookback=20, minimum=20), "historical linear"),
        (RiskPolicy(lookback=30, minimum=30), "historical linear"),
        (RiskPolicy(lookback=60, days=2), "historical linear"),
        (RiskPolicy(RiskModel.NORMAL, lookback=60), "normal zero mean 1d"),
        (RiskPolicy(lookback=19, minimum=2), "normal zero mean 1d"),
        (RiskPolicy(lookback=20, minimum=21), RiskModel.HISTORICAL),
    ],
)
def test_full_windows_short_ones_and_broken_ones_keep_their_places(policy, method):
    rng = np.random.default_rng(5)
    windows = [rng.standard_t(3, length) * 0.01 for length in (policy.lookback, 15, policy.lookback, 80, policy.lookback, 0)]
    windows[2][7] = math.nan
    together = symbol_risks(windows, policy)
    assert [repr(one) for one in together] == [repr(symbol_risk(window, policy)) for window in windows]
    assert together[0].method == method
    assert not together[2].known


def test_two_full_windows_are_answered_from_one_matrix(monkeypatch):
    shapes = []
    monkeypatch.setattr(many, "tail_of_rows", lambda rows, plan: shapes.append(rows.shape) or tail_of_rows(rows, plan))
    windows = [np.linspace(-0.02, 0.03, 60), np.linspace(-0.05, 0.04, 60)]
    assert [one.observations for one in symbol_risks(windows, RiskPolicy(lookback=60))] == [60, 60]
    assert shapes == [(2, 60)]
