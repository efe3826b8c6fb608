"""The same question for many symbols at once: the answers of ``models.symbol_risk``, bit for bit, in a fraction of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import LARGEST
from framework.rules.risk.models import RiskModel, symbol_risk
from framework.rules.risk.quantiles import reaching_minimum, tail_of_ranks, tail_plan, tails_of_ranks, worst_of_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from framework.domain.market import Floats
    from framework.rules.risk.models import RiskPolicy

#: Lengths of windows from which on they are filled up to one length, where a history begins and each session has a window of its own.
MANY_LENGTHS = 8
#: Returns in one matrix: what stays in the processor's cache, and is not asked of the system page by page each time.
BLOCK = 16_000


def symbol_risks(windows: Sequence[Floats], policy: RiskPolicy) -> tuple[Floats, Floats]:
    """VaR and CVaR of each symbol, both float64 [k], fractions of value, losses positive, NaN where there is no estimate.

    One-day historical risk is taken from matrices of many windows, everything else one by one.

    Args:
        windows: Returns of each of the k symbols, oldest first.
        policy: How risk is measured.
    """
    least = max(policy.minimum, 2, reaching_minimum(policy.confidence))
    batched = policy.model is RiskModel.HISTORICAL and policy.days == 1
    alike: dict[int, list[int]] = {}
    for number, window in enumerate(windows):
        if batched and least <= len(window) <= policy.lookback:
            alike.setdefault(len(window), []).append(number)
    var, cvar = np.full((2, len(windows)), np.nan)
    known = np.zeros(len(windows), dtype=np.bool_)
    if len(alike) >= MANY_LENGTHS:
        every = sorted(number for some in alike.values() for number in some)
        var[every], cvar[every], known[every] = _mixed_tails([windows[number] for number in every], policy)
        alike = {}
    for length, some in alike.items():
        var[some], cvar[some], known[some] = _tails([windows[number] for number in some], length, policy)
    for number in np.flatnonzero(~known).tolist():
        one = symbol_risk(windows[number], policy)
        var[number], cvar[number] = one.var, one.cvar
    return var, cvar


def _mixed_tails(windows: list[Floats], policy: RiskPolicy) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """``_tails`` of windows of any lengths: what is missing of the longest is filled up with gains that no tail reaches."""
    lengths = np.array([len(window) for window in windows])
    widest, found = int(lengths.max()), np.empty((2, len(windows)))
    known = np.empty(len(windows), dtype=np.bool_)
    plans = {length: tail_plan(length, policy.confidence, policy.quantile) for length in set(lengths.tolist())}
    rows = max(BLOCK // widest, 1)
    for block in (slice(start, start + rows) for start in range(0, len(windows), rows)):
        own = [plans[length] for length in lengths[block].tolist()]
        filled = np.arange(widest) < lengths[block, None]
        matrix = np.full(filled.shape, np.inf)
        matrix[filled] = np.concatenate(windows[block])
        worst = worst_of_rows(matrix, max(plan.depth for plan in own))
        best = matrix.max(axis=1, where=filled, initial=-np.inf)
        with np.errstate(all="ignore"):
            found[:, block] = tails_of_ranks(worst, own)
        known[block] = (best <= LARGEST) & (worst[0] >= -LARGEST)
    return found[0], found[1], known


def _tails(windows: list[Floats], length: int, policy: RiskPolicy) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """VaR and CVaR of windows of ``length`` returns, and which of them were made of returns that can be used."""
    plan = tail_plan(length, policy.confidence, policy.quantile)
    rows = max(BLOCK // length, 1)
    worst, best = np.empty((plan.depth, len(windows))), np.empty(len(windows))
    for block in (slice(start, start + rows) for start in range(0, len(windows), rows)):
        matrix = np.concatenate(windows[block]).reshape(-1, length)
        worst[:, block], best[block] = worst_of_rows(matrix, plan.depth), matrix.max(axis=1)
    with np.errstate(all="ignore"):
        var, cvar = tail_of_ranks(worst, plan)
    return var, cvar, (best <= LARGEST) & (worst[0] >= -LARGEST)
