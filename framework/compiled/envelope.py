"""What the loop can play: a reason against it, in words of the config, or the terms of the run as plain numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.compiled.terms import Exits, Fills, Guards, Limits, Sizing, Terms, Venue
from framework.domain.order import OrderType
from framework.domain.values import MICRO, to_micros
from framework.engine.policies import NEVER, TARGETS
from framework.engine.strategy import SignalStrategy, Strategy
from framework.rules.account.policy import AccountType
from framework.rules.costs.fees import FREE
from framework.rules.costs.regulatory import RegulatoryFees
from framework.rules.costs.slippage import BasisPoints, FixedHalfSpread, in_millionths
from framework.rules.risk.models import RiskModel
from framework.rules.sizing.policy import SizingMethod
from framework.rules.sizing.sizers import method_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from brokers.simulated.model import FillModel
    from framework.domain.venue import Capabilities
    from framework.engine.policies import Policies
    from framework.rules.guards.policy import GuardPolicy
    from framework.rules.pretrade.risk_limits import RiskLimits

#: Callbacks a strategy may not have beside ``signals``.
_CALLBACKS = ("on_bar", "on_order", "on_fill", "on_start", "on_stop")
#: Callbacks of event strategies that hear what became of what they asked for.
_ANSWERS = ("on_order", "on_fill")
_SIZERS = frozenset({SizingMethod.VAR, SizingMethod.CVAR, SizingMethod.EQUAL, SizingMethod.FIXED})
#: Limits the loop does not measure.
_UNMEASURED = (
    "max_portfolio_heat_pct",
    "max_turnover_pct_per_day",
    "max_average_volume_pct",
    "max_correlation",
    "min_market_cap_dollars",
    "min_average_volume_shares",
)


def reason(strategy: Strategy, policies: Policies, venue: Capabilities, model: FillModel) -> str:
    """Why the loop cannot play such a run; empty when it can."""
    return next((words for holds, words in _objections(strategy, policies, venue, model) if holds), "")


def _objections(strategy: Strategy, policies: Policies, venue: Capabilities, model: FillModel) -> Iterator[tuple[bool, str]]:
    yield from _of_strategy(strategy)
    yield from _of_account(policies, venue)
    yield from _of_exits(policies)
    yield from _of_fills(model)


def _of_strategy(strategy: Strategy) -> Iterator[tuple[bool, str]]:
    kind, is_vectorised = type(strategy), isinstance(strategy, SignalStrategy)
    for name in _CALLBACKS if is_vectorised else _ANSWERS:
        has_it = getattr(kind, name) is not getattr(Strategy, name)
        yield has_it, f"{kind.__name__} has {name}{' beside signals' if is_vectorised else ', and is told what becomes of its orders'}"


def _of_account(policies: Policies, venue: Capabilities) -> Iterator[tuple[bool, str]]:
    account, limits, sizing = policies.account, policies.limits, policies.sizing
    yield account.type is not AccountType.LIMITED, f'[account] type = "{account.type}"'
    yield account.accrues, "[account] interest is paid"
    yield policies.entries_as is not None, '[orders] entry_type = "limit"'
    yield policies.time_in_force != "gtc", f'[orders] time_in_force = "{policies.time_in_force}"'
    yield OrderType.MARKET not in limits.allowed_entry_types, "[orders] allowed_types leaves market orders out"
    yield sizing.method not in _SIZERS, f'[sizing] method = "{sizing.method}"'
    yield policies.risk.model is not RiskModel.HISTORICAL or policies.risk.days != 1, f'[sizing] var_method = "{policies.risk.model}"'
    for name in _UNMEASURED:
        yield getattr(limits, name) is not None, f"[limits] {name}"
    yield limits.settled_cash_only, "[limits] settled_cash_only"
    whole = venue.lot_micros % MICRO == 0
    free = venue.fractional_types == frozenset(OrderType) and not venue.fractional_least_micros
    yield not (whole or free), f"[broker] fractional = true at {venue.name}"


def _of_exits(policies: Policies) -> Iterator[tuple[bool, str]]:
    exits = policies.exits
    yield exits.lowers_on_dividend, "[stops] lowers_on_dividend"
    if policies.attach == NEVER:
        return
    yield bool(exits.chandelier_multiple), '[stops] method = "chandelier"'
    yield bool(exits.pullback_bars), '[stops] method = "pullback"'
    yield bool(exits.time_bars), "[stops] time_bars"
    yield bool(exits.target_r or exits.target_percent), "[stops] target_r and target_percent"
    yield exits.may_loosen, "[stops] may_loosen"


def _of_fills(model: FillModel) -> Iterator[tuple[bool, str]]:
    yield model.compat, '[fills] compat = "backtrader"'
    yield bool(model.finer), '[fills] path = "finer"'
    yield not isinstance(model.slippage, (BasisPoints, FixedHalfSpread)), "[fills] slippage depends on liquidity"
    yield model.fees != FREE and not isinstance(model.fees, RegulatoryFees), "[fills] fees with a commission"


def terms_of(cash: int, slots: int, policies: Policies, venue: Capabilities, model: FillModel) -> Terms:
    """The run as plain numbers; ``cash`` micro-dollars, ``slots`` symbols."""
    return Terms(
        cash, slots, _exits(policies), _sizing(policies), _limits(policies.limits), _venue(venue), _fills(model), _guards(policies.guards)
    )


def _exits(policies: Policies) -> Exits:
    exits = policies.exits
    values = {name: float(getattr(exits, name)) for name in Exits.__annotations__ if isinstance(getattr(exits, name, None), float)}
    return Exits(
        **values,
        attaches=policies.attach != NEVER,
        explicit=policies.attach not in {NEVER, TARGETS},
        has_stop=exits.has_stop,
        trails=exits.trails_at_venue,
        moves=exits.moves and policies.attach != NEVER,
        atr_period=int(exits.atr_period),
        may_loosen=exits.may_loosen,
    )


def _sizing(policies: Policies) -> Sizing:
    sizing = policies.sizing
    values = {name: float(getattr(sizing, name)) for name in Sizing._fields if name not in {"method", "max_portfolio_var_pct"}}
    budget = math.inf if sizing.max_portfolio_var_pct is None else float(sizing.max_portfolio_var_pct)
    return Sizing(method=method_number(sizing), max_portfolio_var_pct=budget, **values)


def _limits(limits: RiskLimits) -> Limits:
    def micros(amount: float | None) -> int:
        return -1 if amount is None else to_micros(amount)

    def counted(most: int | None) -> int:
        return -1 if most is None else int(most)

    return Limits(
        position=micros(limits.max_position_pct),
        position_risk=micros(limits.max_position_risk_pct),
        sector=micros(limits.max_sector_exposure_pct),
        exposure=micros(limits.max_total_exposure_pct),
        var=micros(limits.max_portfolio_var_pct),
        orders_per_bar=counted(limits.max_orders_per_bar),
        orders_per_day=counted(limits.max_orders_per_day),
        positions=counted(limits.max_positions),
        least=micros(limits.min_order_value_dollars),
        most=micros(limits.max_order_value_dollars),
        collar=float(limits.entry_collar_pct),
    )


def _venue(venue: Capabilities) -> Venue:
    return Venue(
        shorting=venue.shorting,
        lot=venue.lot_micros,
        ticks=venue.ticks,
        lifetime=venue.gtc_days or 0,
        takes_passed_stops=venue.takes_passed_stops,
        reserves_shares=venue.reserves_shares,
        collar_millionths=venue.collar_millionths,
    )


def _fills(model: FillModel) -> Fills:
    fees, slippage = model.fees, model.slippage
    free = (fees.free_value, fees.free_shares) if isinstance(fees, RegulatoryFees) else (-1, 0)
    return Fills(
        path=int(model.path),
        through=model.through,
        volume_share=float(model.volume_share),
        rate=in_millionths(slippage.rate) if isinstance(slippage, BasisPoints) else 0,
        amount=slippage.amount if isinstance(slippage, FixedHalfSpread) else 0,
        free_value=free[0],
        free_shares=free[1],
    )


def _guards(policy: GuardPolicy | None) -> Guards:
    def limit(value: float | None) -> float:
        return math.inf if value is None else float(value)

    if policy is None:
        return Guards(False, math.inf, math.inf, 0, 0, 1.0, 0, math.inf, 1.0, 0, 0, True)
    return Guards(
        enabled=True,
        daily_loss=limit(policy.max_daily_loss_pct),
        drawdown=limit(policy.max_drawdown_pct),
        losses=int(policy.max_consecutive_losses or 0),
        streak_losses=int(policy.streak_losses or 0),
        streak_multiplier=float(policy.streak_multiplier),
        recovery_wins=int(policy.streak_recovery_wins),
        goal=limit(policy.profit_goal_pct),
        give_back=float(policy.profit_give_back),
        violations=int(policy.max_violations or 0),
        memory=int(policy.violation_memory_sessions),
        resets=policy.resets_daily,
    )
