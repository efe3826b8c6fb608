"""From dollars to what can be traded: whole lots, and changes worth making. Micro-shares and micro-dollars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.domain.values import MICRO, floor_to_lot, notional, shares_worth
from framework.rules.sizing.policy import FULL, TOO_SMALL, UNCHANGED

if TYPE_CHECKING:
    from framework.rules.sizing.policy import SizingPolicy


def shares_for(value: float, price: int, lot: int) -> int:
    """Micro-shares worth at most |``value``| dollars at ``price`` micro-dollars, in whole lots of ``lot`` micro-shares; sign kept.

    0 for a value that is not finite or a price that is not positive.
    """
    micros = abs(value) * MICRO
    if price <= 0 or not math.isfinite(micros):
        return 0
    size = floor_to_lot(shares_worth(round(micros), price), lot)  # a float may lie a hair below what was meant
    return size if value >= 0.0 else -size


def change(held: int, wanted: int, price: int, policy: SizingPolicy) -> tuple[int, str]:
    """Micro-shares to trade from ``held`` to ``wanted`` (signed) at ``price`` micro-dollars, and a code.

    A change worth less than ``min_position_value`` is not worth its costs and is left; leaving a position altogether never is.
    """
    if is_worth_it(held, wanted, price, policy.min_position_value):
        return wanted - held, FULL
    return 0, UNCHANGED if held else TOO_SMALL


def is_worth_it(held: int, wanted: int, price: int, least: float) -> bool:
    """Whether to trade from ``held`` to ``wanted``: nothing to do, all of it to leave, or worth ``least`` dollars."""
    delta = wanted - held
    return delta == 0 or wanted == 0 or notional(abs(delta), max(price, 0)) >= least * MICRO
