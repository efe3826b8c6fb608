"""How much? From strengths in [-1, 1] to dollars and lots in each symbol, inside every cap.

Rows are the symbols with a target in one decision. Values are dollars, signed as the position; risks are positive fractions of value. A
code says what decided a size. Everything is pure and total: whatever the numbers, a result comes back and no cap is exceeded.

What ``Candidates.measure`` holds, and the value of a full-strength position before the caps:

=============  ============================================  ===================================================
method         measure                                       value
=============  ============================================  ===================================================
``var``        one-day VaR, fraction of value                equity * max_position_var_pct / VaR
``cvar``       one-day CVaR, fraction of value               equity * max_position_var_pct / CVaR
``atr``        ATR / price                                   equity * risk_per_trade_pct / (atr_multiple * measure)
``volatility`` annualised volatility, fraction               equity * target_volatility_pct / slots / volatility
``kelly``      full Kelly fraction (``sizing.kelly``)        equity * min(kelly_fraction * measure, kelly_cap)
``equal``      not read                                      equity * max_total_exposure_pct / slots
``fixed``      price where the unit is shares                fixed_amount in dollars, or in shares times the price
=============  ============================================  ===================================================

The volatility target charges every slot in full, so that the portfolio stays below the target whatever the correlations are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.sizing import numbers
from framework.rules.sizing.policy import FixedUnit, SizingMethod

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework.domain.market import Floats
    from framework.rules.sizing.policy import SizingPolicy

#: Methods in the order of their numbers; a fixed amount has two.
_METHODS = (SizingMethod.VAR, SizingMethod.CVAR, SizingMethod.ATR, SizingMethod.VOLATILITY, SizingMethod.KELLY, SizingMethod.EQUAL)
#: Dollars; the books (int64 micro-dollars) hold no more.
LARGEST_VALUE = 9e12


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The symbols with a target, as float64 columns [k] in the order of the symbols.

    Attributes:
        strength: In [-1, 1]; 0 asks for flat. Larger ones count as 1.
        measure: What the method sizes by (table of the module); NaN where unknown.
        var: One-day VaR as a fraction of value, charged to the portfolio's budget; NaN where unknown.
        price: Last price, dollars.
        held: Dollars, signed: what the position may become when working orders fill (``worst_case``).
    """

    strength: Floats
    measure: Floats
    var: Floats
    price: Floats
    held: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """What each symbol gets.

    Attributes:
        target: float64 [k], dollars, signed. With code ``no_price`` or ``signal_not_a_number`` nothing is to be traded.
        wanted: float64 [k], dollars, signed: the same before budgets and minimum.
        codes: What decided each size; those in ``REFUSALS`` are reasons to record.
    """

    target: Floats
    wanted: Floats
    codes: tuple[str, ...]


def worst_case(held: Floats, buying: Floats, selling: Floats) -> Floats:
    """The largest position that any part of the working orders can lead to; same shape and unit as the arguments.

    Args:
        held: Position, signed.
        buying: Sum of working buys, >= 0.
        selling: Sum of working sells, >= 0.
    """
    up, down = held + buying, held - selling
    return np.where(np.abs(up) >= np.abs(down), up, down)


def charged_var(var: Floats, policy: SizingPolicy) -> Floats:
    """VaR that counts against the portfolio's budget: ``assumed_var`` where ``var`` is NaN, infinite or at most ``risk_floor``."""
    return np.where((var > policy.risk_floor) & (var < np.inf), var, policy.assumed_var)


def allocate(
    candidates: Candidates, other_var: float, other_exposure: float, equity: float, slots: int, policy: SizingPolicy
) -> Allocation:
    """Target values for all symbols of one decision, strongest first; ties go to the earlier row.

    A target that reduces exposure always stands. One that adds is paid from what is left of the VaR budget (the sum of |value| * charged
    VaR) and of total exposure; what is left decides the size, and an addition worth less than ``min_position_value`` is not made.
    Nothing frees budget before it is filled, but for a position that the same order closes on its way to the other side.
    A held value that is not a number leaves no room for anybody.

    Args:
        candidates: The symbols with a target.
        other_var: Dollars of VaR in all other symbols, working entries included.
        other_exposure: Dollars of |value| in all other symbols, working entries included.
        equity: Dollars; without positive equity nothing is added.
        slots: Number of symbols an equal weight or the volatility target is divided among.
        policy: Caps and budgets.
    """
    equity = min(equity, LARGEST_VALUE) if equity > 0.0 else 0.0
    with np.errstate(all="ignore"):
        usable = _usable(candidates)
        strength = np.where(usable, np.clip(candidates.strength, -1.0, 1.0), 0.0)
        charged = charged_var(candidates.var, policy)
        method = method_number(policy)
        bases = numbers.bases_of(method, equity, max(slots, 1), policy)
        sizes = [numbers.full_size(method, one, bases, equity, policy) for one in candidates.measure.tolist()]
        codes, taken = [code for _, code in sizes], [0.0] * len(sizes)
        wanted = np.minimum([full for full, _ in sizes], LARGEST_VALUE) * strength
        size = np.abs(candidates.held)
        budget = math.inf if policy.max_portfolio_var_pct is None else policy.max_portfolio_var_pct * equity
        numbers.spend(
            wanted.tolist(),
            kept=np.where(candidates.held * strength > 0.0, size, 0.0).tolist(),
            size=size.tolist(),
            charged_var=charged.tolist(),
            codes=codes,
            order=np.argsort(-np.abs(strength), kind="stable").tolist(),
            weak=(np.abs(strength) < policy.min_strength).tolist(),
            budget=budget - other_var - _total(size * charged),
            room=policy.max_total_exposure_pct * equity - other_exposure - _total(size),
            minimum=policy.min_position_value,
            taken=taken,
        )
        target = np.copysign(taken, strength) + 0.0
    _leave_alone(target, codes, usable, candidates)
    return Allocation(target, wanted, tuple(numbers.CODES[code] for code in codes))


def _usable(candidates: Candidates) -> NDArray[np.bool_]:
    """Rows about which something can be decided."""
    return (candidates.price > 0.0) & (candidates.price < np.inf) & np.isfinite(candidates.held) & ~np.isnan(candidates.strength)


def _leave_alone(target: Floats, codes: list[int], usable: NDArray[np.bool_], candidates: Candidates) -> None:
    """Rows about which nothing can be decided keep what they have, and a flat target has nothing to explain."""
    for row in np.flatnonzero(~usable).tolist():
        target[row] = candidates.held[row] if math.isfinite(candidates.held[row]) else 0.0
        codes[row] = numbers.NO_SIGNAL if math.isnan(candidates.strength[row]) else numbers.NO_PRICE
    for row in np.flatnonzero(candidates.strength == 0.0).tolist():
        codes[row] = numbers.FULL if usable[row] else codes[row]


def method_number(policy: SizingPolicy) -> int:
    """The method as ``rules.sizing.numbers`` has it."""
    if policy.method == SizingMethod.FIXED:
        return numbers.FIXED_SHARES if policy.fixed_unit == FixedUnit.SHARES else numbers.FIXED_DOLLARS
    return _METHODS.index(policy.method)


def _total(values: Floats) -> float:
    """Sum that does not depend on the order of the rows; infinite where a value is not a number."""
    return math.fsum(values.tolist()) if float(values.sum()) < 1e300 else math.inf
