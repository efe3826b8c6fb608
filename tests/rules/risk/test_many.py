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
from framework.rules.risk.quantiles import Quantile, worst_of_rows

LENGTHS = st.sampled_from((0, 1, 19, 20, 21, 37, 59, 60, 61))


def bits(numbers):
    """Numbers as they are, NaN equal to NaN and -0.0 not to 0.0."""
    return [float(number).hex() for number in numbers]


def alone(windows, policy):
    """The same answers one by one: VaR and CVaR of each."""
    found = [symbol_risk(window, policy) for window in windows]
    return [bits(one.var for one in found), bits(one.cvar for one in found)]


@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=st.lists(LENGTHS, max_size=6),
    spoilt=st.dictionaries(st.integers(0, 5), st.sampled_from((math.nan, math.inf, -math.inf, 1e31, -1e31, 1e30, -1e30, -0.0))),
    confidence=st.sampled_from((0.9, 0.95, 0.99)),
    model=st.sampled_from((RiskModel.HISTORICAL, RiskModel.NORMAL)),
    block=st.sampled_from((1, 120, 16_000)),
    many_lengths=st.sampled_from((1, 3, 8)),
    quantile=st.sampled_from(Quantile),
)
def test_each_answer_is_that_of_the_symbol_alone(seed, lengths, spoilt, confidence, model, block, many_lengths, quantile):
    rng = np.random.default_rng(seed)
    windows = [rng.standard_t(3, length) * 0.01 for length in lengths]
    for number in spoilt.keys() & set(range(len(windows))):
        windows[number][len(windows[number]) // 2 :] = spoilt[number]
    policy = RiskPolicy(model=model, confidence=confidence, lookback=60, minimum=20, quantile=quantile)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many, "BLOCK", block)
        patch.setattr(many, "MANY_LENGTHS", many_lengths)
        together = symbol_risks(windows, policy)
    assert [bits(column) for column in together] == alone(windows, policy)


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
    assert symbol_risk(windows[0], policy).method == method
    together = symbol_risks(windows, policy)
    assert [bits(column) for column in together] == alone(windows, policy)
    assert np.isnan(together).all(axis=0)[2]


@pytest.mark.parametrize(("block", "shapes"), [(16_000, [(3, 60)]), (120, [(2, 60), (1, 60)]), (1, [(1, 60)] * 3)])
def test_full_windows_are_answered_from_matrices_of_many(monkeypatch, block, shapes):
    seen = []
    monkeypatch.setattr(many, "worst_of_rows", lambda rows, depth: seen.append(rows.shape) or worst_of_rows(rows, depth))
    monkeypatch.setattr(many, "BLOCK", block)
    windows = [np.linspace(-0.02, 0.03, 60), np.linspace(-0.05, 0.04, 60), np.linspace(-0.01, 0.04, 60)]
    policy = RiskPolicy(lookback=60)
    assert [bits(column) for column in symbol_risks(windows, policy)] == alone(windows, policy)
    assert seen[: len(shapes)] == shapes
