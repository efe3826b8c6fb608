"""The size of one symbol and the budgets of all, in plain numbers, as they are and as compiled code. Codes are places in ``CODES``.

Dollars, and fractions of value for risks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from framework.rules.sizing import policy

if TYPE_CHECKING:
    from collections.abc import MutableSequence, Sequence

    from framework.rules.sizing.policy import SizingPolicy

#: The codes of ``rules.sizing.policy`` by number.
CODES = (
    policy.FULL,
    policy.CAPPED,
    policy.UNKNOWN,
    policy.DEGENERATE,
    policy.NO_HISTORY,
    policy.NO_EDGE,
    policy.NO_PRICE,
    policy.NO_SIGNAL,
    policy.WEAK,
    policy.VAR_BUDGET,
    policy.EXPOSURE,
    policy.TOO_SMALL,
    policy.UNCHANGED,
    policy.BELOW_LOT,
)
FULL, CAPPED, UNKNOWN, DEGENERATE, NO_HISTORY, NO_EDGE, NO_PRICE = range(7)
NO_SIGNAL, WEAK, VAR_BUDGET, EXPOSURE, TOO_SMALL, UNCHANGED, BELOW_LOT = range(7, 14)


_REFUSES = tuple(code in policy.REFUSALS for code in CODES)
#: The methods of ``rules.sizing.policy`` by number; a fixed amount is in dollars or in shares.
VAR, CVAR, ATR, VOLATILITY, KELLY, EQUAL, FIXED_DOLLARS, FIXED_SHARES = range(8)
TRADING_DAYS = 252


class Bases(NamedTuple):
    """What the sizes of one decision have in common, dollars.

    Attributes:
        cap: The most a position may be.
        unknown: Size where the measure is not known.
        unbelieved: Size where it is too low to be believed.
        risk: At stake in one position.
        floor: Lowest measure that is believed.
    """

    cap: float
    unknown: float
    unbelieved: float
    risk: float
    floor: float


def bases_of(method: int, equity: float, slots: int, policy: SizingPolicy) -> Bases:
    """The bases of a decision with ``equity`` dollars, divided among ``slots``."""
    cap = policy.max_position_pct * equity
    equal = min(policy.max_total_exposure_pct * equity / slots, cap)
    small = min(policy.fallback_position_pct * equity, cap)
    if method == ATR:
        return Bases(cap, equal, small, equity * policy.risk_per_trade_pct / policy.atr_multiple, policy.risk_floor)
    if method == VOLATILITY:
        floor = policy.risk_floor * math.sqrt(TRADING_DAYS)
        return Bases(cap, equal, small, equity * policy.target_volatility_pct / slots, floor)
    risk = equity * policy.max_position_var_pct
    if method in (VAR, CVAR):  # a fallback keeps to the position's budget too, at the VaR it is charged
        most = risk / policy.assumed_var
        return Bases(cap, min(equal, most), min(small, most), risk, policy.risk_floor)
    return Bases(cap, equal, small, risk, policy.risk_floor)


def full_size(method: int, measure: float, bases: Bases, equity: float, policy: SizingPolicy) -> tuple[float, int]:
    """Dollars at full strength inside the position cap, and what decided them."""
    if method == EQUAL:
        return bases.unknown, FULL
    if method == FIXED_DOLLARS:
        return fixed(policy.fixed_amount, bases.cap)
    if method == FIXED_SHARES:
        return fixed(policy.fixed_amount * measure, bases.cap)
    if method == KELLY:
        return by_kelly(measure, policy.kelly_fraction, policy.kelly_cap, equity, bases.cap, bases.unbelieved)
    return by_risk(measure, bases)


def inside(amount: float, cap: float) -> tuple[float, int]:
    """``amount``, at most ``cap``."""
    return (cap, CAPPED) if amount > cap else (amount, FULL)


def by_risk(measure: float, bases: Bases) -> tuple[float, int]:
    """What may be held so that the risk of the bases is at stake at ``measure`` a dollar."""
    if not math.isfinite(measure):
        return bases.unknown, UNKNOWN
    return (bases.unbelieved, DEGENERATE) if measure <= bases.floor else inside(bases.risk / measure, bases.cap)


def by_kelly(measure: float, fraction: float, most: float, equity: float, cap: float, unknown: float) -> tuple[float, int]:
    """``fraction`` of the full Kelly ``measure``, at most ``most``, of equity; ``unknown`` where there is no measure."""
    if not math.isfinite(measure):
        return unknown, NO_HISTORY
    return (0.0, NO_EDGE) if measure <= 0.0 else inside(min(fraction * measure, most) * equity, cap)


def fixed(amount: float, cap: float) -> tuple[float, int]:
    """``amount``; 0 where it cannot be valued."""
    return inside(amount, cap) if 0.0 <= amount < math.inf else (0.0, NO_PRICE)


def charged(var: float, floor: float, assumed: float) -> float:
    """VaR that counts against the portfolio's budget: ``assumed`` where ``var`` is NaN, infinite or at most ``floor``."""
    return var if floor < var < math.inf else assumed


def cut(value: float, held: float, multiplier: float) -> float:
    """``value`` with what it adds to ``held`` times ``multiplier``: sizes are smaller after a losing streak."""
    kept = held if held * value > 0.0 and abs(held) < abs(value) else 0.0
    adds = abs(value) > abs(held) or held * value < 0.0
    return kept + (value - kept) * multiplier if adds else value


def is_refusal(code: int) -> bool:
    """Whether ``code`` keeps a target from being reached."""
    return _REFUSES[code]


def spend(
    wanted: Sequence[float],
    kept: Sequence[float],
    size: Sequence[float],
    charged_var: Sequence[float],
    codes: MutableSequence[int],
    order: Sequence[int],
    weak: Sequence[bool],
    budget: float,
    room: float,
    minimum: float,
    taken: MutableSequence[float],
) -> None:
    """Give out budget and room in ``order``: sizes go into ``taken``, and ``codes`` change where something else than the wish decided.

    ``wanted``, ``kept`` (what is held on that side) and ``size`` (what is held) are dollars of each row.
    """
    for row in order:
        keeps, holds, var = kept[row], size[row], charged_var[row]
        want = abs(wanted[row])
        added = want - keeps
        if not added > 0.0:
            taken[row] = want
            continue
        # A position on the other side is closed by the same order first: what it takes of the budgets is there for the new side.
        closes = holds if keeps == 0.0 else 0.0
        by_var, by_room = max(budget + closes * var, 0.0) / var, room + closes
        allowed = min(added, by_var, max(by_room, 0.0))
        if weak[row]:
            allowed, codes[row] = 0.0, WEAK
        elif allowed < added:
            codes[row] = VAR_BUDGET if by_var <= by_room else EXPOSURE
        elif allowed < minimum:
            codes[row] = UNCHANGED if keeps > 0.0 else TOO_SMALL
        taken[row] = keeps + (allowed if allowed >= minimum else 0.0)
        growth = taken[row] - holds
        if growth > 0.0:
            budget -= growth * var
            room -= growth
