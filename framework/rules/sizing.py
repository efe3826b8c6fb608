"""How much? From strengths in [-1, 1] to dollars in each symbol, inside every cap.

Values are dollars, signed as the position; VaR is a positive fraction of value. Everything is a pure function of arrays
whose rows are the symbols with a target. Codes say what limited a size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from framework.domain.market import Floats

FULL = "full"
NO_PRICE = "no_price"
FALLBACK_NO_DATA = "var_unknown"
FALLBACK_DEGENERATE = "var_degenerate"
VAR_BUDGET = "var_budget"
EXPOSURE = "total_exposure"
TOO_SMALL = "below_minimum_value"


@dataclass(frozen=True, slots=True)
class SizingPolicy:
    """What the sizer may do; fractions of equity unless the name says otherwise. Defaults are those of the requirements.

    ``assumed_var`` is charged to the portfolio budget for a symbol whose own VaR is not known, so that a fallback
    cannot slip under the portfolio limit. ``var_floor`` is the lowest VaR that is believed (a halted or stale symbol shows none).
    """

    method: str = "var"  # var | equal
    max_position_var_pct: float = 0.005
    max_portfolio_var_pct: float = 0.02
    max_position_pct: float = 0.10
    max_total_exposure_pct: float = 0.80
    fallback_position_pct: float = 0.01
    assumed_var: float = 0.05
    var_floor: float = 0.0005
    min_position_value: float = 100.0


def wanted_value(strength: float, var: float, equity: float, slots: int, policy: SizingPolicy) -> tuple[float, float, str]:
    """Dollars for one symbol before the portfolio's limits: (value, VaR to charge, code).

    ``var``: position VaR budget / symbol VaR, capped at the position cap, times |strength|. Without a VaR (NaN or infinite) the size is
    the equal weight; with one at or below the floor (a negative one too) it is ``fallback_position_pct``. ``slots`` is the number of
    symbols an equal weight is divided among.
    """
    cap = policy.max_position_pct * equity
    scale = min(abs(strength), 1.0)
    equal = min(policy.max_total_exposure_pct * equity / max(slots, 1), cap)
    charged = var if policy.var_floor < var < math.inf else policy.assumed_var
    if policy.method == "equal":
        size, code = equal, FULL
    elif not math.isfinite(var):
        size, code = equal, FALLBACK_NO_DATA
    elif var <= policy.var_floor:
        size, code = min(policy.fallback_position_pct * equity, cap), FALLBACK_DEGENERATE
    else:
        size, code = min(policy.max_position_var_pct * equity / var, cap), FULL
    return math.copysign(size * scale, strength), charged, code


def allocate(
    strength: Floats,
    var: Floats,
    held: Floats,
    other_var: float,
    other_exposure: float,
    equity: float,
    slots: int,
    policy: SizingPolicy,
) -> tuple[Floats, list[str]]:
    """Target values for all symbols of one decision, strongest first; ties go to the earlier row.

    A target that reduces exposure always stands. One that adds is paid from the remaining VaR budget
    (``max_portfolio_var_pct * equity`` less the sum of |value| * VaR held or taken) and the remaining exposure; what
    is left decides the size, and an addition below the minimum value is refused. Nothing frees budget before it is filled.

    Args:
        strength: float64 [k] in [-1, 1]; 0 asks for flat.
        var: float64 [k], one-day VaR, NaN where unknown.
        held: float64 [k], dollars held now (working entries included), signed.
        other_var: Dollars of VaR in symbols without a target now.
        other_exposure: Dollars of |value| in symbols without a target now.
        equity: Dollars, > 0.
        slots: Number of symbols an equal weight is divided among.
        policy: Caps and budgets.

    Returns:
        float64 [k] target dollars, signed, and a code for each.
    """
    wanted = [wanted_value(float(s), float(v), equity, slots, policy) for s, v in zip(strength, var, strict=True)]
    budget = (
        policy.max_portfolio_var_pct * equity
        - other_var
        - sum(abs(float(h)) * charged for h, (_, charged, _) in zip(held, wanted, strict=True))
    )
    room = policy.max_total_exposure_pct * equity - other_exposure - float(np.abs(held).sum())
    target = np.array(held, dtype=np.float64)
    codes = [FULL] * len(wanted)
    for row in sorted(range(len(wanted)), key=lambda index: (-abs(float(strength[index])), index)):
        value, charged, code = wanted[row]
        size, codes[row] = _affordable(abs(value), _kept(float(held[row]), value), charged, code, budget, room, policy)
        added = max(size - abs(float(held[row])), 0.0)
        budget -= added * charged
        room -= added
        target[row] = math.copysign(size, value)
    return target, codes


def _kept(held: float, value: float) -> float:
    """Dollars already held on the side that is wanted."""
    return abs(held) if held * value > 0.0 else 0.0


def _affordable(size: float, kept: float, charged: float, code: str, budget: float, room: float, policy: SizingPolicy) -> tuple[float, str]:
    added = size - kept
    if added <= 0.0:
        return size, code
    by_var = max(budget, 0.0) / charged if policy.method == "var" else math.inf
    allowed = min(added, by_var, max(room, 0.0))
    if allowed < added:
        code = VAR_BUDGET if by_var <= room else EXPOSURE
    if allowed < policy.min_position_value:
        return kept, code if allowed < added else TOO_SMALL
    return kept + allowed, code
