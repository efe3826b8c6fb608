"""The numbers the engine decides with; the same in every mode."""

from __future__ import annotations

from dataclasses import dataclass, field

from framework.rules.limits import LimitPolicy
from framework.rules.sizing import SizingPolicy
from framework.rules.stops import StopPolicy
from framework.rules.var import HISTORICAL

ENTRIES = "entries"
TARGETS = "targets"
NEVER = "never"


@dataclass(frozen=True, slots=True)
class VarPolicy:
    """How a symbol's VaR is estimated: ``lookback`` daily returns at most, ``min_observations`` at least."""

    method: str = HISTORICAL
    confidence: float = 0.95
    lookback: int = 252
    min_observations: int = 60


@dataclass(frozen=True, slots=True)
class Policies:
    """Sizing, risk, stops and limits of a run. ``attach`` says which entries get a stop: entries | targets | never."""

    sizing: SizingPolicy = field(default_factory=SizingPolicy)
    var: VarPolicy = field(default_factory=VarPolicy)
    stops: StopPolicy = field(default_factory=StopPolicy)
    limits: LimitPolicy = field(default_factory=LimitPolicy)
    attach: str = ENTRIES
