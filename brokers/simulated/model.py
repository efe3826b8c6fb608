"""How bars become fills: the choices a config makes."""

from __future__ import annotations

from dataclasses import dataclass, field

from framework.rules import fills
from framework.rules.costs import FeeSchedule


@dataclass(frozen=True, slots=True)
class FillModel:
    """How bars become fills.

    ``path`` is one of the modes in ``rules.fills``; ``volume_share`` 0 lifts the cap; slippage in millionths (1 bp = 100).
    """

    path: int = fills.PESSIMISTIC
    through: bool = False
    volume_share: float = 0.10
    slippage_micros: int = 0
    fees: FeeSchedule = field(default_factory=FeeSchedule)
