"""The numbers the engine decides with; the same in every mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.rules.account.policy import UNLEVERED, AccountPolicy
from framework.rules.costs.fees import FREE, FeeSchedule
from framework.rules.execution.rebalance import RebalancePolicy
from framework.rules.guards.policy import GuardPolicy
from framework.rules.pretrade.risk_limits import RiskLimits
from framework.rules.risk.models import RiskPolicy
from framework.rules.sizing.policy import SizingPolicy
from framework.rules.stops.policy import ExitPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.rules.execution.pricing import OffsetPolicy

ENTRIES = "entries"
TARGETS = "targets"
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Policies:
    """Sizing, risk, exits, limits, guards and rebalancing of a run.

    ``attach`` says which entries get a stop: entries | targets | never. ``guards`` ``None`` switches the circuit breakers off.
    ``entries_as`` ``None`` sends targets as market orders, else as limit orders with these offsets. ``sectors`` maps symbols to
    sectors. ``kelly_trades`` is the least number of closed trades the Kelly sizer learns from. ``fees`` is what the venue charges, and what
    cash is kept for. With ``exits_outlive`` an order that was to close a position stays when another has closed it first, and opens the
    opposite one, as at backtrader's own broker. ``account`` is the kind of account and what borrowing costs in it.
    """

    sizing: SizingPolicy = field(default_factory=SizingPolicy)
    risk: RiskPolicy = field(default_factory=RiskPolicy)
    exits: ExitPolicy = field(default_factory=lambda: ExitPolicy(atr_multiple=2.0))
    limits: RiskLimits = field(default_factory=RiskLimits)
    guards: GuardPolicy | None = field(default_factory=GuardPolicy)
    attach: str = ENTRIES
    entries_as: OffsetPolicy | None = None
    time_in_force: str = "gtc"
    sectors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    kelly_trades: int = 30
    fees: FeeSchedule = FREE
    rebalance: RebalancePolicy = field(default_factory=RebalancePolicy)
    exits_outlive: bool = False
    account: AccountPolicy = UNLEVERED
