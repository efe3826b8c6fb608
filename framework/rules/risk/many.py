"""The same question for many symbols at once: the answers of ``models.symbol_risk``, bit for bit, in a fraction of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import LARGEST, RiskEstimate, estimate
from framework.rules.risk.models import RiskModel, symbol_risk
from framework.rules.risk.quantiles import reaching_minimum, tail_of_rows, tail_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.market import Floats
    from framework.rules.risk.models import RiskPolicy


def symbol_risks(windows: Sequence[Floats], policy: RiskPolicy) -> list[RiskEstimate]:
    """Risk of each symbol from its returns, oldest first; ``windows`` holds one array for each symbol.

    One-day historical risk of full windows is taken from one matrix, everything else one by one.
    """
    length = policy.lookback
    batched = (
        policy.model is RiskModel.HISTORICAL and policy.days == 1 and length >= max(policy.minimum, 2, reaching_minimum(policy.confidence))
    )
    full = [number for number, window in enumerate(windows) if batched and len(window) == length]
    if len(full) < 2:
        return [symbol_risk(window, policy) for window in windows]
    matrix = np.stack([windows[number] for number in full])
    usable = (np.abs(matrix) <= LARGEST).all(axis=1)
    var, cvar = tail_of_rows(matrix[usable], tail_plan(length, policy.confidence, policy.quantile))
    method = f"historical {policy.quantile}"
    found = {
        number: estimate(loss, shortfall, method, length)
        for number, loss, shortfall in zip(np.array(full)[usable].tolist(), var.tolist(), cvar.tolist(), strict=True)
    }
    return [found[number] if number in found else symbol_risk(window, policy) for number, window in enumerate(windows)]
