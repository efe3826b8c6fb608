"""The same world with one thing more: a stronger signal, larger budgets, a riskier symbol; and what that makes of a position."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from framework.domain.values import MICRO
from framework.domain.venue import VENUES
from tests.properties.accounts import sized, targets
from tests.properties.filled import decided, filled

if TYPE_CHECKING:
    from tests.properties.accounts import World
    from tests.properties.dice import Dice

SIZING_BUDGETS = (
    "max_position_var_pct max_portfolio_var_pct max_position_pct max_total_exposure_pct fallback_position_pct "
    "risk_per_trade_pct target_volatility_pct kelly_fraction kelly_cap fixed_amount"
).split()
LIMITS = (
    "max_position_pct max_position_risk_pct max_sector_exposure_pct max_total_exposure_pct max_portfolio_heat_pct max_portfolio_var_pct "
    "max_turnover_pct_per_day max_average_volume_pct max_positions max_orders_per_bar max_orders_per_day max_order_value_dollars"
).split()


def dollars(world: World, symbol: str) -> float:
    """What the sizer makes of ``symbol``, in the direction of its signal."""
    symbols = sorted(world.strengths)
    found = float(sized(world, symbols).target[symbols.index(symbol)])
    return math.copysign(1.0, world.strengths[symbol]) * found


def shares(world: World, symbol: str) -> int:
    """Micro-shares of ``symbol`` once its target, alone in the decision, has passed the door and filled; in the signal's direction."""
    # A venue may take whole shares where it refuses more of them in parts: that is no matter of size.
    venue = replace(VENUES["generic"], lot_micros=world.venue.lot_micros, shorting=world.venue.shorting)
    alone = replace(world, strengths={symbol: world.strengths[symbol]}, venue=venue)
    after = filled(alone, decided(alone, targets(alone)).sent).held(symbol)
    return after if world.strengths[symbol] > 0.0 else -after


def strongest(world: World) -> str | None:
    """The symbol that is served first, if it can be traded."""
    signals = {name: abs(one) for name, one in world.strengths.items() if world.holdings[name].price and not math.isnan(one)}
    first = max(sorted(signals), key=lambda name: min(signals[name], 1.0), default=None)
    return first if first and signals[first] else None


def untouched(world: World) -> list[str]:
    """The symbol that is served first, and those without a position: what the others get does not depend on their risk."""
    first = strongest(world)
    return [name for name, each in world.holdings.items() if name in world.strengths and (name == first or not each.held)]


def stronger(dice: Dice, world: World, symbol: str) -> World:
    """The signal of ``symbol`` grows, on its side."""
    strength = world.strengths[symbol]
    grown = math.copysign(max(dice.between(0.0, 1.0), abs(strength)), strength)
    return replace(world, strengths=world.strengths | {symbol: grown})


def richer(dice: Dice, world: World) -> World:
    """Some budgets and limits grow, or the cash."""

    def grown(value: float | None) -> float | None:
        if value is None or dice.chance(0.6):
            return value
        return value + dice.count(0, 3) if isinstance(value, int) else round(value * dice.spread(1.0, 10.0), 6) if value < 1e6 else value

    sizing = replace(world.sizing, **{name: grown(getattr(world.sizing, name)) for name in SIZING_BUDGETS})
    limits = replace(world.limits, **{name: grown(getattr(world.limits, name)) for name in LIMITS})
    more = round(dice.spread(1.0, 1e6)) * MICRO if dice.chance(0.5) else 0
    account = world.account._replace(cash=world.account.cash + more, equity=world.account.equity + more)
    return replace(world, sizing=sizing, limits=limits, account=account)


def one_budget(dice: Dice, world: World) -> tuple[World, World]:
    """The same with one budget and no smallest addition, where nobody can take what another would have left; and with more of it."""
    budget, more = dice.millionths(1e-3, 2.0), dice.spread(1.0, 10.0)
    name, other = dice.one_of((("max_portfolio_var_pct", "max_total_exposure_pct"), ("max_total_exposure_pct", "max_portfolio_var_pct")))
    free = {"min_position_value": 0.0, other: 1e6}
    less, much = (replace(world, sizing=replace(world.sizing, **free, **{name: size})) for size in (budget, budget * more))
    return less, much


def believed(dice: Dice, world: World, symbol: str) -> World:
    """The symbol's VaR is a number that sizes are made of: above the floor, which is that of a calm day."""
    sizing = replace(world.sizing, risk_floor=min(world.sizing.risk_floor, 0.01))
    return with_var(replace(world, sizing=sizing), symbol, sizing.risk_floor * 1.000001 + dice.spread(1e-4, 0.3))


def riskier(dice: Dice, world: World, symbol: str) -> World:
    """The VaR of ``symbol`` grows."""
    return with_var(world, symbol, (world.holdings[symbol].var or 0.0) * dice.spread(1.0, 20.0))


def with_var(world: World, symbol: str, var: float) -> World:
    """The VaR of ``symbol`` is another one, in the account's figure too."""
    old = world.holdings[symbol]
    new = replace(old, var=var)
    figure = world.account.var - old.charge + new.charge
    return replace(world, holdings=world.holdings | {symbol: new}, account=world.account._replace(var=figure))
