"""How bars become fills: the choices a config makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.rules import fills
from framework.rules.costs.fees import FREE, FeeSchedule
from framework.rules.costs.slippage import NO_SLIPPAGE, SlippageModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.market import FinerBars


@dataclass(frozen=True, slots=True)
class FillModel:
    """How bars become fills.

    ``path`` is one of the modes in ``rules.fills``; ``volume_share`` 0 lifts the cap.
    ``finer`` are the bars, by symbol, that are walked in place of the market's own. ``compat`` fills as backtrader's own broker does: of
    the rest only slippage and fees count.
    """

    path: int = fills.PESSIMISTIC
    through: bool = False
    volume_share: float = 0.10
    slippage: SlippageModel = NO_SLIPPAGE
    fees: FeeSchedule = FREE
    finer: Mapping[str, FinerBars] = field(default_factory=lambda: MappingProxyType({}))
    compat: bool = False
