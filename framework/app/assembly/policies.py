"""From the config's sections to the numbers the engine decides with."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from framework.app.assembly.costs import fee_schedule
from framework.app.assembly.venues import venue_of
from framework.domain.order import OrderType
from framework.engine.policies import Policies
from framework.rules.account.policy import AccountPolicy, AccountType
from framework.rules.execution.pricing import OffsetPolicy
from framework.rules.execution.rebalance import RebalancePolicy
from framework.rules.guards.policy import GuardPolicy
from framework.rules.pretrade.risk_limits import RiskLimits, profile
from framework.rules.risk.models import RiskModel, RiskPolicy
from framework.rules.sizing.policy import FixedUnit, SizingMethod, SizingPolicy
from framework.rules.stops.policy import ExitPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from framework.runtime.config import Config
    from framework.runtime.risk_config import GuardsSection, StopsSection

#: What borrowed cash and easily borrowed shares cost a year in a margin account where the config does not say; brokers differ widely.
DEBIT_RATE, BORROW_RATE = 0.08, 0.01
#: What each stop method takes from the section; the rest of its keys add to any method.
_STOP_KEYS = (
    ("percent", ("percent",)),
    ("atr", ("atr_multiple", "atr_period")),
    ("trailing", ("trail_percent",)),
    ("chandelier", ("chandelier_multiple", "chandelier_bars")),
    ("pullback", ("pullback_bars",)),
)
SWITCHED_OFF_BY_ZERO = frozenset(
    "max_daily_loss_pct max_drawdown_pct max_consecutive_losses streak_losses profit_goal_pct max_violations max_missed_bars "
    "max_broker_errors".split()
)
_STOP_ADDITIONS = ("breakeven_r", "breakeven_cost_bps", "time_bars", "target_r", "target_percent", "may_loosen", "lowers_on_dividend")


def policies(config: Config) -> Policies:
    """The numbers the engine decides with.

    Raises:
        ConfigError: Values that contradict one another.
    """
    limits = _limits(config)
    orders = config.orders
    return Policies(
        sizing=_sizing(config, limits),
        risk=RiskPolicy(
            model=RiskModel(config.sizing.var_method),
            confidence=config.sizing.confidence,
            lookback=config.sizing.lookback_days,
            minimum=config.sizing.min_observations,
        ),
        exits=_exits(config.stops),
        limits=replace(
            limits,
            # In a cash account a restriction can bring the rule about.
            settled_cash_only=limits.settled_cash_only or config.account.type == "cash",
            # The venue keeps the money of a market buy up to its collar.
            entry_collar_pct=max(limits.entry_collar_pct, venue_of(config).collar),
        ),
        guards=_guards(config.guards) if config.guards.enabled else None,
        attach=config.stops.attach,
        entries_as=OffsetPolicy(**_shared(orders, OffsetPolicy)) if orders.entry_type == "limit" else None,
        time_in_force=orders.time_in_force,
        sectors=_sectors(config),
        kelly_trades=config.sizing.kelly_min_trades,
        fees=fee_schedule(config),
        rebalance=RebalancePolicy(**config.rebalance.model_dump()),
        exits_outlive=config.fills.compat == "backtrader",
        account=_account(config, limits),
    )


def _account(config: Config, limits: RiskLimits) -> AccountPolicy:
    """The account's type and rates; in a margin account borrowing costs something unless the config says that it does not."""
    section = config.account
    debit, borrow = (DEBIT_RATE, BORROW_RATE) if section.type == "margin" else (0.0, 0.0)
    return AccountPolicy(
        type=AccountType(section.type),
        debit_rate=debit if section.debit_rate is None else section.debit_rate,
        credit_rate=section.credit_rate,
        borrow_rate=borrow if section.borrow_rate is None else section.borrow_rate,
        settled_only=limits.settled_cash_only,
    )


def _shared(section: BaseModel, kind: type) -> dict[str, Any]:
    """The values of ``section`` that ``kind`` has a field for and that are set."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in section.model_dump().items() if name in names and value is not None}


def _sizing(config: Config, limits: RiskLimits) -> SizingPolicy:
    """The sizer's numbers; a limit that is tighter than the sizer's own cap holds already there, so that targets are not sized in vain."""
    policy = SizingPolicy(**_shared(config.sizing, SizingPolicy))
    caps = {
        name: min(getattr(policy, name), limit)
        for name in ("max_position_pct", "max_total_exposure_pct", "max_portfolio_var_pct")
        if (limit := getattr(limits, name)) is not None
    }
    return replace(policy, method=SizingMethod(policy.method), fixed_unit=FixedUnit(policy.fixed_unit), **caps)


def _exits(section: StopsSection) -> ExitPolicy:
    keys = (*dict(_STOP_KEYS)[section.method], *_STOP_ADDITIONS)
    values = {key: getattr(section, key) for key in keys}
    if section.method == "trailing" and section.trail_amount:
        values = values | {"trail_percent": 0.0, "trail_amount": section.trail_amount}
    return ExitPolicy(fallback_percent=section.percent, **values)


def _limits(config: Config) -> RiskLimits:
    """The profile's limits, overridden one by one."""
    types = frozenset(OrderType(name) for name in config.orders.allowed_types)
    return replace(profile(config.limits.profile), allowed_entry_types=types, **_shared(config.limits, RiskLimits))


def _guards(section: GuardsSection) -> GuardPolicy:
    """The breakers; a limit of 0 is none."""
    values: dict[str, Any] = section.model_dump(exclude={"enabled"})
    return GuardPolicy(**values | {name: values[name] or None for name in SWITCHED_OFF_BY_ZERO})


def _sectors(config: Config) -> Mapping[str, str]:
    from data.sectors import sector_map

    return sector_map(config.limits.sectors_file)
