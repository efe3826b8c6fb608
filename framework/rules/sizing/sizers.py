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

from framework.rules.sizing.policy import (
    CAPPED,
    DEGENERATE,
    EXPOSURE,
    FULL,
    NO_EDGE,
    NO_HISTORY,
    NO_PRICE,
    NO_SIGNAL,
    TOO_SMALL,
    UNCHANGED,
    UNKNOWN,
    VAR_BUDGET,
    WEAK,
    FixedUnit,
    SizingMethod,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework.domain.market import Floats
    from framework.rules.sizing.policy import SizingPolicy

TRADING_DAYS = 252
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
        full, codes = _full_size(candidates, equity, max(slots, 1), policy)
        wanted = np.minimum(full, LARGEST_VALUE) * strength
        size = np.abs(candidates.held)
        budget = math.inf if policy.max_portfolio_var_pct is None else policy.max_portfolio_var_pct * equity
        taken = _spend(
            wanted=np.abs(wanted).tolist(),
            kept=np.where(candidates.held * strength > 0.0, size, 0.0).tolist(),
            size=size.tolist(),
            charged=charged.tolist(),
            codes=codes,
            order=np.argsort(-np.abs(strength), kind="stable").tolist(),
            weak=(np.abs(strength) < policy.min_strength).tolist(),
            budget=budget - other_var - _total(size * charged),
            room=policy.max_total_exposure_pct * equity - other_exposure - _total(size),
            minimum=policy.min_position_value,
        )
        target = np.copysign(taken, strength) + 0.0
    _leave_alone(target, codes, usable, candidates)
    return Allocation(target, wanted, tuple(codes))


def _usable(candidates: Candidates) -> NDArray[np.bool_]:
    """Rows about which something can be decided."""
    return (candidates.price > 0.0) & (candidates.price < np.inf) & np.isfinite(candidates.held) & ~np.isnan(candidates.strength)


def _leave_alone(target: Floats, codes: list[str], usable: NDArray[np.bool_], candidates: Candidates) -> None:
    """Rows about which nothing can be decided keep what they have, and a flat target has nothing to explain."""
    for row in np.flatnonzero(~usable).tolist():
        target[row] = candidates.held[row] if math.isfinite(candidates.held[row]) else 0.0
        codes[row] = NO_SIGNAL if math.isnan(candidates.strength[row]) else NO_PRICE
    for row in np.flatnonzero(candidates.strength == 0.0).tolist():
        codes[row] = FULL if usable[row] else codes[row]


def _full_size(candidates: Candidates, equity: float, slots: int, policy: SizingPolicy) -> tuple[Floats, list[str]]:
    """Dollars at full strength inside the position cap, and what decided them."""
    cap = policy.max_position_pct * equity
    equal = min(policy.max_total_exposure_pct * equity / slots, cap)
    small = min(policy.fallback_position_pct * equity, cap)
    if policy.method in {SizingMethod.VAR, SizingMethod.CVAR}:  # a fallback keeps to the position's budget too, at the VaR it is charged
        equal, small = (min(size, policy.max_position_var_pct * equity / policy.assumed_var) for size in (equal, small))
    measure = candidates.measure
    known = np.isfinite(measure)
    match policy.method:
        case SizingMethod.EQUAL:
            return np.full(len(measure), equal), [FULL] * len(measure)
        case SizingMethod.FIXED:
            amount = policy.fixed_amount * (measure if policy.fixed_unit == FixedUnit.SHARES else np.ones(len(measure)))
            return _cased(amount, cap, (~((amount >= 0.0) & (amount < np.inf)), 0.0, NO_PRICE))
        case SizingMethod.KELLY:
            amount = np.minimum(policy.kelly_fraction * measure, policy.kelly_cap) * equity
            return _cased(amount, cap, (~known, small, NO_HISTORY), (measure <= 0.0, 0.0, NO_EDGE))
        case _:
            risk, floor = _risk_budget(equity, slots, policy)
            return _cased(risk / measure, cap, (~known, equal, UNKNOWN), (measure <= floor, small, DEGENERATE))


def _risk_budget(equity: float, slots: int, policy: SizingPolicy) -> tuple[float, float]:
    """Dollars of risk of one position, and the lowest measure that is believed."""
    if policy.method == SizingMethod.ATR:
        return equity * policy.risk_per_trade_pct / policy.atr_multiple, policy.risk_floor
    if policy.method == SizingMethod.VOLATILITY:
        return equity * policy.target_volatility_pct / slots, policy.risk_floor * math.sqrt(TRADING_DAYS)
    return equity * policy.max_position_var_pct, policy.risk_floor


def _cased(amount: Floats, cap: float, *exceptions: tuple[NDArray[np.bool_], float, str]) -> tuple[Floats, list[str]]:
    """``amount`` inside the cap, and in its place the size and code of the first exception that holds."""
    conditions = [condition for condition, _, _ in exceptions]
    sizes = [np.full(len(amount), size) for _, size, _ in exceptions]
    codes = np.select(conditions, [np.full(len(amount), code) for _, _, code in exceptions], np.where(amount > cap, CAPPED, FULL))
    return np.select(conditions, sizes, np.minimum(amount, cap)), codes.tolist()


def _total(values: Floats) -> float:
    """Sum that does not depend on the order of the rows; infinite where a value is not a number."""
    return math.fsum(values.tolist()) if float(values.sum()) < 1e300 else math.inf


def _spend(
    wanted: list[float],
    kept: list[float],
    size: list[float],
    charged: list[float],
    codes: list[str],
    order: list[int],
    weak: list[bool],
    budget: float,
    room: float,
    minimum: float,
) -> list[float]:
    """Sizes after the budgets, given out in ``order``; ``codes`` are rewritten where something else than the wish decided."""
    taken = [0.0] * len(wanted)
    for row in order:
        added = wanted[row] - kept[row]
        if not added > 0.0:
            taken[row] = wanted[row]
            continue
        # A position on the other side is closed by the same order first: what it takes of the budgets is there for the new side.
        closes = size[row] if kept[row] == 0.0 else 0.0
        by_var = max(budget + closes * charged[row], 0.0) / charged[row]
        allowed = min(added, by_var, max(room + closes, 0.0))
        if weak[row]:
            allowed, codes[row] = 0.0, WEAK
        elif allowed < added:
            codes[row] = VAR_BUDGET if by_var <= room + closes else EXPOSURE
        elif allowed < minimum:
            codes[row] = UNCHANGED if kept[row] > 0.0 else TOO_SMALL
        taken[row] = kept[row] + (allowed if allowed >= minimum else 0.0)
        growth = max(taken[row] - size[row], 0.0)
        budget -= growth * charged[row]
        room -= growth
    return taken
