"""Whether the accepted orders of a decision keep every limit: one by one as they came, and together once they have filled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.domain.order import OrderRole, OrderSide
from framework.domain.values import MICRO
from framework.rules.pretrade.violations import (
    AVERAGE_VOLUME,
    CORRELATION,
    DUPLICATE,
    ENTRY_TYPE,
    MARKET_CAP,
    MEASURES,
    NO_PRICE,
    ORDERS_PER_BAR,
    ORDERS_PER_DAY,
    POSITIONS,
    PRICE_BAND,
)
from framework.rules.sizing.policy import SizingMethod
from tests.properties.filled import Portfolio, counted_price, piled_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.domain.order import Order
    from framework.rules.pretrade.risk_limits import RiskLimits
    from framework.rules.sizing.policy import SizingPolicy
    from tests.properties.accounts import World
    from tests.properties.filled import Decision, Sent

#: Values are rounded to a micro-dollar, a few times for each order, and a VaR of a share is a float.
ROUNDING, RELATIVE = 1_000, 1e-9
ON_ENTRIES = {*MEASURES, NO_PRICE, ENTRY_TYPE, DUPLICATE, ORDERS_PER_BAR, ORDERS_PER_DAY, PRICE_BAND, MARKET_CAP, AVERAGE_VOLUME}
ON_ENTRIES |= {CORRELATION, POSITIONS}


def is_over(figure: float, limit: float) -> bool:
    """Whether a figure is above its limit by more than rounding."""
    return figure > limit + abs(limit) * RELATIVE + ROUNDING


# --- one by one


def assert_each_order_keeps_to_itself(world: World, decision: Decision) -> None:
    """Venue, counts, filters and the limits on one order."""
    limits, account, held = world.limits, world.account, world.holdings
    traded = account.traded + sum(_value(one.order, one.order.quantity_micros, world) for one in decision.working if not one.protects)
    seen, entries = {_print(one.order) for one in decision.working if one.opening}, 0
    for one in decision.sent:
        order = one.order
        assert 0 < order.quantity_micros <= one.asked.order.quantity_micros
        assert one.protects or order.quantity_micros % world.venue.lot_micros == 0  # protection the venue has not is kept by us
        assert order.order_type in world.venue.order_types
        assert order.time_in_force in world.venue.times_in_force
        assert order.role is OrderRole.TARGET or order.quantity_micros == one.asked.order.quantity_micros
        traded += _value(order, order.quantity_micros, world) if not one.protects else 0
        if not one.opening:
            continue
        entries += 1
        assert held[order.symbol].price > 0
        assert order.side is OrderSide.BUY or world.venue.shorting
        assert order.order_type in limits.allowed_entry_types
        # A target that was shrunk may look like another order; as it was asked for it did not.
        assert not limits.refuse_duplicates or order.role is OrderRole.TARGET or order.oco_id or _print(order) not in seen
        seen.add(_print(order))
        _assert_entry(world, one)
        assert limits.max_turnover_pct_per_day is None or not is_over(traded, limits.max_turnover_pct_per_day * account.equity)
    for most, before in zip((limits.max_orders_per_bar, limits.max_orders_per_day), decision.counted, strict=True):
        assert most is None or not entries or before + entries <= most


def _print(order: Order) -> tuple[object, ...]:
    prices = order.limit_micros, order.stop_micros, order.trail_micros
    return order.symbol, order.side, order.quantity_micros, order.order_type, prices, order.strategy, order.tag


def _value(order: Order, quantity: int, world: World) -> int:
    """Micro-dollars at the reference price."""
    return quantity * counted_price(order, world.holdings[order.symbol].price) // MICRO


def _assert_entry(world: World, one: Sent) -> None:
    """What an entry must keep to whatever else there is."""
    limits, each, order = world.limits, world.holdings[one.order.symbol], one.order
    value = _value(order, order.quantity_micros, world)
    assert value + ROUNDING >= (limits.min_order_value_dollars or 0.0) * MICRO
    assert limits.max_order_value_dollars is None or not is_over(value, limits.max_order_value_dollars * MICRO)
    assert limits.min_market_cap_dollars is None or each.market_cap >= limits.min_market_cap_dollars
    assert limits.min_average_volume_shares is None or each.volume >= limits.min_average_volume_shares * MICRO - 1
    assert limits.max_average_volume_pct is None or not is_over(one.opening, limits.max_average_volume_pct * each.volume)
    assert limits.max_correlation is None or each.correlation <= limits.max_correlation
    if limits.price_band_pct is not None and order.limit_micros is not None:
        assert not is_over((order.limit_micros - each.price) * order.side.sign, limits.price_band_pct * each.price)


def assert_no_exit_is_stopped(decision: Decision) -> None:
    """What only reduces or protects a position is refused for what it is, or by the venue; never by a limit on entries."""
    for wish, refusal, free in decision.refused:
        order = wish.order
        assert not 0 < order.quantity_micros <= free or refusal.code not in ON_ENTRIES, refusal


# --- together


def assert_limits_hold(world: World, decision: Decision, portfolio: Portfolio) -> None:
    """Every limit on the account, with the fills in. What was exceeded before is not exceeded further, and nothing is added to it."""
    limits, equity, own = world.limits, world.account.equity, world.account.equity - world.account.receivable
    before = piled_up(world, decision.working)
    added = {one.order.symbol for one in decision.entries if world.holdings[one.order.symbol].held * one.order.side.sign >= 0}

    def kept(part: float | None, measure: Callable[[Portfolio, str], float], symbols: set[str], whole: int = equity) -> bool:
        """A sum over some symbols is inside its part of the whole."""
        if part is None:
            return True
        total, earlier = (sum(measure(one, symbol) for symbol in symbols) for one in (portfolio, before))
        return not is_over(total, part * whole if added & symbols else max(part * whole, earlier))

    every = set(world.holdings)
    for symbol, each in world.holdings.items():
        assert kept(limits.max_position_pct, Portfolio.value, {symbol})
        assert kept(limits.max_position_risk_pct, Portfolio.loss, {symbol})
        assert kept(limits.max_sector_exposure_pct, Portfolio.value, {one for one in every if world.holdings[one].sector == each.sector})
        if not world.venue.shorting:
            assert portfolio.held(symbol) >= min(each.held, 0)
    assert kept(limits.max_total_exposure_pct, Portfolio.value, every)
    assert kept(1.0, Portfolio.value if world.account.margin is None else Portfolio.margin, every, own)
    assert kept(limits.max_portfolio_var_pct, Portfolio.var, every)
    if decision.entries and limits.max_portfolio_heat_pct is not None:
        assert not is_over(sum(portfolio.loss(symbol) for symbol in every), limits.max_portfolio_heat_pct * equity)
    opened = {one.order.symbol for one in decision.entries} - set(before.lots)
    most = limits.max_positions
    assert most is None or sum(portfolio.held(one) != 0 for one in every) <= (most if opened else max(most, len(before.lots)))


def assert_entries_are_paid(world: World, decision: Decision) -> None:
    """Without shorts and without a loan, buys are paid at their worst price, with settled money where that is asked for."""
    limits, account = world.limits, world.account
    short = world.venue.shorting or any(one.held < 0 for one in world.holdings.values())
    if short or account.margin is not None or not decision.entries:
        return
    spent: dict[str, float] = {}
    for one in (*decision.working, *decision.entries):
        worst = 1.0 + (limits.entry_collar_pct if one in decision.entries and not one.order.limit_micros else 0.0)
        spent[one.order.group_id] = max(spent.get(one.order.group_id, 0.0), _value(one.order, one.opening, world) * worst)
    assert not is_over(sum(spent.values()), account.cash - (account.unsettled if limits.settled_cash_only else 0))


def assert_losses_are_bounded(
    world: World, decision: Decision, limits: RiskLimits, losses: Mapping[str, int], ticks: Mapping[str, int]
) -> None:
    """What an account that was flat can lose at its stops, which lie on the tick."""
    equity = world.account.equity
    for symbol, loss in losses.items():
        assert limits.max_position_risk_pct is None or not is_over(loss, limits.max_position_risk_pct * equity + ticks[symbol])
    if limits.max_portfolio_heat_pct is not None and decision.entries:
        assert not is_over(sum(losses.values()), limits.max_portfolio_heat_pct * equity + sum(ticks.values()))


def assert_sizes_hold(world: World, decision: Decision) -> None:
    """The caps and budgets of the sizer hold at the last price for what was sized alone; what was too large already is not added to."""
    policy, equity = world.sizing, max(world.account.equity, 0)
    after = {name: each.held for name, each in world.holdings.items()}
    for one in decision.sent:
        after[one.order.symbol] += one.order.side.sign * one.order.quantity_micros
    values = {name: abs(shares) * world.holdings[name].price // MICRO for name, shares in after.items()}
    charged = {name: _charged(each.var, policy) for name, each in world.holdings.items()}
    added = {one.order.symbol: not one.closing for one in decision.entries}
    for symbol in added:
        assert not is_over(values[symbol], policy.max_position_pct * equity)
        assert abs(world.strengths.get(symbol, 1.0)) >= policy.min_strength
        if policy.method is SizingMethod.VAR and charged[symbol] == world.holdings[symbol].var:
            assert not is_over(values[symbol] * charged[symbol], policy.max_position_var_pct * equity)
    for part, weight in ((policy.max_total_exposure_pct, dict.fromkeys(values, 1.0)), (policy.max_portfolio_var_pct, charged)):
        before = sum(each.value * weight[name] for name, each in world.holdings.items())
        limit = math.inf if part is None else part * equity
        total = sum(value * weight[name] for name, value in values.items())
        assert not is_over(total, limit if any(added.values()) else max(limit, before))


def _charged(var: float | None, policy: SizingPolicy) -> float:
    return var if var is not None and policy.risk_floor < var < math.inf else policy.assumed_var
