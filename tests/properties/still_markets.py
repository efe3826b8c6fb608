"""Whole decisions through the front door: a history, two decisions in a market that stands still, and a last bar that reaches every price.

Fills are at the price the orders were checked at, so that what the limits promised can be counted from the venue's side alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from data.sectors import sector_map
from framework.domain.market import BarSeries
from framework.domain.order import OrderRole, OrderSide, OrderType
from framework.domain.values import MICRO
from framework.engine.market import session_number
from framework.errors import InvalidOrderError
from framework.rules.account.policy import AccountType
from framework.rules.pretrade.standing import AccountStanding
from tests.builders import Scripted, daily, play
from tests.properties.accounts import Holding, Wish, World
from tests.properties.filled import Decision, Portfolio, Sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.app.assembly.assemble import Simulation
    from framework.domain.order import Order
    from framework.engine.context import Context
    from framework.engine.desk import Desk
    from tests.builders import Played
    from tests.properties.dice import Dice

SYMBOLS = ("AAPL", "IBM", "JPM", "MSFT")
SECTORS = dict(sector_map())
#: Bars before the first decision: as many returns as VaR is read from, and one more.
HISTORY = 24
LOOKBACK = 20
VOLUME = 1_000_000.0
ASSUMED_VAR, LOWEST_VAR = 0.05, 0.0005
PRICES = {
    "market": (),
    "limit": ("limit_price",),
    "stop_loss": ("stop_price",),
    "stop_limit": ("limit_price", "stop_price"),
    "trailing_stop": ("trail_amount",),
}


@dataclass(frozen=True, slots=True)
class Still:
    """A market, what is wished for at each of two decisions, and the policies."""

    series: tuple[BarSeries, ...]
    program: tuple[tuple[tuple[Any, ...], ...], ...]
    config: dict[str, dict[str, Any]]

    def play(self, before: Callable[[Desk], None] = lambda _: None, each: Callable[[int, Simulation], None] = lambda *_: None) -> Played:
        """Run it; ``before`` and ``each`` are called before and after every decision, with its number."""
        numbers = range(len(self.series[0]) - HISTORY)
        decisions = iter(numbers)
        script = {number: _doing(before, self.program[number : number + 1]) for number in numbers}
        first = int(self.series[0].timestamp[HISTORY])
        return play(Scripted(script), *self.series, first=first, each=lambda simulation: each(next(decisions), simulation), **self.config)


def still_market(dice: Dice, symbols: int, wishes: int) -> Still:
    """Up to so many explicit wishes and any targets at each decision."""
    names = SYMBOLS[:symbols]
    prices = {name: price(dice) for name in names}
    series = tuple(_bars(dice, name, prices[name]) for name in names)
    cash = round(dice.spread(1e3, 1e6), 2)
    venue = dice.one_of(("generic", "generic", "robinhood"))
    program = tuple(tuple(_wishes(dice, prices, cash, venue, wishes)) for _ in range(2))
    return Still(series, program, config(dice, cash, venue))


def price(dice: Dice) -> float:
    """Dollars on the tick: ordinary, below the dollar, of a block of flats."""
    return dice.one_of((round(dice.spread(2.0, 900.0), 2), round(dice.spread(2.0, 900.0), 2), 0.0123, 0.0002, 120_000.0))


def on_tick(dollars: float) -> float:
    """The nearest price that US venues take."""
    return round(dollars, 2 if dollars >= 1.0 else 4)


@cache
def _times() -> np.ndarray:
    return np.array(daily(HISTORY + 3, date(2012, 1, 3)), dtype=np.int64)


def _bars(dice: Dice, symbol: str, last: float) -> BarSeries:
    """A walk that ends at ``last``, two bars that stand there, and one that goes far both ways."""
    moves = np.random.default_rng(dice.count(0, 2**32)).standard_t(3, HISTORY) * dice.one_of((0.0, 0.005, 0.02))
    walked = last * np.exp(-np.cumsum(moves[::-1])[::-1])
    close = np.concatenate([walked, [last] * 3])
    high, low = close * 1.01, close * 0.99
    high[HISTORY:], low[HISTORY:] = last, last
    high[HISTORY + 2], low[HISTORY + 2] = last * 1.7, last * 0.5
    ones = np.ones(len(close))
    return BarSeries(symbol, _times().copy(), close.copy(), high, low, close, ones * VOLUME, ones * 0.0, ones)


# --- what is wished for


def _doing(before: Callable[[Desk], None], program: tuple[tuple[tuple[Any, ...], ...], ...]) -> Callable[[Context], None]:
    def carry_out(ctx: Context) -> None:
        before(ctx._desk)
        sent: dict[str, Order] = {}
        for kind, about, *rest in (wish for wishes in program for wish in wishes):
            terms = dict(rest[-1])
            partner = sent.get(about) if terms.pop("one_of", False) else None
            try:
                made = getattr(ctx, kind)(about, *rest[:-1], **terms, **({"oco": partner} if partner and partner.is_open else {}))
            except InvalidOrderError:
                continue
            if kind in {"buy", "sell"}:
                sent[about] = made

    return carry_out


def _wishes(dice: Dice, prices: dict[str, float], cash: float, venue: str, explicit: int) -> list[tuple[Any, ...]]:
    wishes: list[tuple[Any, ...]] = [("target", name, _strength(dice), {}) for name in prices if dice.chance(0.5)]
    if dice.chance(0.15):
        wishes = [("rebalance", {name: round(dice.between(-0.3, 0.5), 2) for name in prices if dice.chance(0.7)}, {})]
    for _ in range(explicit):
        name = dice.one_of(tuple(prices))
        shares = cash * dice.spread(1e-3, 0.8) / prices[name]
        quantity = round(shares, 6) if venue == "generic" and dice.chance(0.3) else max(round(shares), 1)
        wishes.append(_wish(dice, name, prices[name], quantity))
    return dice.shuffled(wishes)


def _strength(dice: Dice) -> float:
    return dice.one_of((-1.0, -0.5, 0.0, 0.05, 0.5, 0.5, 1.0, 1.0, dice.between(0.1, 1.0)))


def _wish(dice: Dice, name: str, last: float, quantity: float) -> tuple[Any, ...]:
    kind = dice.one_of(("buy",) * 5 + ("sell",) * 3 + ("bracket", "close"))
    if kind == "close":
        return kind, name, {}
    if kind == "bracket":
        side, far = dice.one_of(((OrderSide.BUY, 1), (OrderSide.SELL, -1))), dice.spread(0.01, 0.4)
        exits = {"take_profit": on_tick(last * (1.0 + side[1] * far)), "stop_loss": on_tick(last * (1.0 - side[1] * far))}
        return kind, name, quantity, {**exits, "side": side[0]}
    order_type = dice.one_of(("market",) * 3 + tuple(PRICES))
    terms = {key: on_tick(last * dice.spread(0.6, 1.5)) for key in PRICES[order_type]}
    if order_type == "trailing_stop":
        terms = {"trail_amount": dice.count(1, 30)}
    force = dice.one_of(("gtc", "gtc", "day"))
    return kind, name, quantity, {"one_of": dice.chance(0.3), "order_type": order_type, "time_in_force": force, **terms}


# --- the policies


def config(dice: Dice, cash: float, venue: str) -> dict[str, dict[str, Any]]:
    """Every section that decides something; nothing is charged, and the venue fills whole orders."""
    share = dice.one_of((0.1, 0.3, 0.6))
    fractions = "max_position max_position_risk max_sector_exposure max_total_exposure max_portfolio_heat max_portfolio_var".split()
    limits: dict[str, Any] = {f"{name}_pct": dice.millionths(5e-3, 1.0) for name in fractions if dice.chance(share)}
    limits |= {"max_turnover_pct_per_day": dice.millionths(0.05, 2.0)} if dice.chance(share) else {}
    limits |= {"max_average_volume_pct": dice.millionths(1e-5, 0.1)} if dice.chance(share / 2) else {}
    limits |= {"max_correlation": round(dice.between(0.0, 1.0), 2)} if dice.chance(share / 4) else {}
    limits |= {f"max_{name}": dice.count(1, 4) for name in ("positions", "orders_per_bar", "orders_per_day") if dice.chance(share / 2)}
    limits |= {"max_order_value_dollars": dice.spread(100.0, 1e5)} if dice.chance(share / 2) else {}
    limits |= {"price_band_pct": dice.millionths(0.01, 0.5), "entry_collar_pct": dice.one_of((0.0, 0.05, 0.3))}
    return {
        "account": {"cash": cash, "type": dice.one_of(("limited", "limited", "cash", "margin"))},
        "broker": {"name": venue},
        "limits": limits | {"profile": "venue", "settled_cash_only": dice.chance(0.2), "refuse_duplicates": dice.chance(0.5)},
        "sizing": _sizing(dice),
        "stops": _stops(dice),
        "orders": dice.one_of(({}, {}, {"entry_type": "limit", "buy_offset": dice.between(-50.0, 50.0)})),
        "fills": {"path": dice.one_of(("pessimistic", "optimistic", "nearest")), "slippage": "none", "max_volume_share": 0, "fees": "none"},
    }


def _sizing(dice: Dice) -> dict[str, Any]:
    return {
        "method": dice.one_of(("var", "cvar", "atr", "kelly", "volatility", "equal", "fixed")),
        "lookback_days": LOOKBACK,
        "min_observations": 2,
        "kelly_min_trades": 1,
        "max_position_pct": dice.millionths(0.05, 1.0),
        "max_total_exposure_pct": dice.millionths(0.1, 1.0),
        "max_portfolio_var_pct": dice.millionths(5e-3, 0.5),
        "max_position_var_pct": dice.millionths(1e-3, 0.05),
        "fixed_amount": dice.spread(10.0, 1e5),
        "min_position_value": dice.one_of((0.0, 100.0)),
        "assumed_var": ASSUMED_VAR,
    }


def _stops(dice: Dice) -> dict[str, Any]:
    return {
        "attach": dice.one_of(("entries", "entries", "targets", "never")),
        "method": dice.one_of(("percent", "atr", "trailing", "chandelier", "pullback")),
        "atr_period": 3,
        "chandelier_bars": 3,
        "pullback_bars": 2,
        "target_r": dice.one_of((0.0, 2.0)),
        "time_bars": dice.one_of((0, 0, 1)),
    }


# --- what the venue has, as a world of the limits


def pictured(simulation: Simulation) -> tuple[World, Decision]:
    """The account and the orders at the venue right after a decision, measured without the engine's help."""
    market, policies, journal = simulation.market, simulation.engine.desk.policies, simulation.journal
    held = {one.symbol: one.quantity_micros for one in simulation.broker.get_positions()}
    holdings = {name: _holding(simulation, row, held.get(name, 0)) for row, name in enumerate(market.symbols)}
    today = [fill for fill in journal.fills if session_number(fill.timestamp) == session_number(market.now)]
    cash = round(simulation.broker.get_account().cash * MICRO)
    each = holdings.values()
    account = AccountStanding(
        equity=cash + sum(one.held * one.price // MICRO for one in each),
        gross=sum(one.value for one in each),
        entering=0,
        reserved=0,
        cash=cash,
        unsettled=sum(one.quantity_micros * one.price_micros // MICRO for one in journal.fills if one.side is OrderSide.SELL),
        traded=sum(one.quantity_micros * one.price_micros // MICRO for one in today),
        positions=sum(one.held != 0 for one in each),
        entries_in_bar=0,
        entries_today=0,
        var=sum(one.charge for one in each),
        sectors={},
        margin=sum(one.margin for one in each) if policies.account.type is AccountType.MARGIN else None,
    )
    # What is lost at the stops shows when they are placed; a correlation has a sign for each side.
    by_settlement = {"settled_cash_only": policies.account.settled_only}
    limits = replace(policies.limits, max_position_risk_pct=None, max_portfolio_heat_pct=None, max_correlation=None, **by_settlement)
    world = World(holdings, account, limits, policies.sizing, simulation.broker.capabilities)
    open_orders = [one for one in simulation.broker.get_open_orders() if not one.role.protects]
    new = {one.order_id for one in open_orders if one.created_at == market.now}
    sent = _parted(world, open_orders)
    return world, Decision([one for one in sent if one.order.order_id not in new], [one for one in sent if one.order.order_id in new])


def _holding(simulation: Simulation, row: int, held: int) -> Holding:
    market = simulation.market
    series, count = market.series[row], market.cursor[row] + 1
    worst = np.sort((series.close[1:count] / series.close[: count - 1] - 1.0)[-LOOKBACK:])
    var = -float(worst[0] + 0.05 * (LOOKBACK - 1) * (worst[1] - worst[0]))  # the linear quantile at 5 % of 20 returns
    last = round(float(series.close[count - 1]) * MICRO)
    return Holding(
        series.symbol, SECTORS[series.symbol], last, held, None, var if var > LOWEST_VAR else ASSUMED_VAR, 0.0, None, round(VOLUME) * MICRO
    )


def _parted(world: World, orders: list[Order]) -> list[Sent]:
    """Each order with what it closes and what it opens, the earlier ones first; of a group only one fills."""
    sent, leaving = [], {name: dict[str, int]() for name in world.holdings}
    for order in orders:
        held, quantity, groups = world.holdings[order.symbol].held, order.leaves_micros, leaving[order.symbol]
        closing = 0
        if held * order.side.sign < 0:
            taken = sum(shares for group, shares in groups.items() if group != order.group_id)
            closing = min(quantity, abs(held) - taken)
            groups[order.group_id] = max(groups.get(order.group_id, 0), closing)
        sent.append(Sent(order, Wish(order, None), closing, quantity - closing))
    return sent


def losses_at_stops(desk: Desk) -> tuple[dict[str, int], dict[str, int]]:
    """Micro-dollars that each position loses at the stop which the venue holds, all of it without one; and what a tick of it comes to.

    A position on its way out at market is left out: it has no stop any more.
    """
    orders = desk.broker.get_open_orders()
    levels = {one.symbol: one.stop_micros for one in orders if one.role is OrderRole.STOP}
    leaving = {one.symbol for one in orders if not one.role.protects and one.order_type is OrderType.MARKET}
    losses, ticks = {}, {}
    for one in desk.broker.get_positions():
        last, side, size = (
            desk.market.price_micros(desk.market.row[one.symbol]),
            1 if one.quantity_micros > 0 else -1,
            abs(one.quantity_micros),
        )
        distance = max(side * (last - levels[one.symbol]), 0) if one.symbol in levels else last
        if one.symbol in levels or one.symbol not in leaving:
            losses[one.symbol] = size * distance // MICRO
            ticks[one.symbol] = size * desk.broker.capabilities.tick_micros(last) // MICRO
    return losses, ticks


def booked(desk: Desk, world: World) -> Portfolio:
    """What the venue's positions cost, fill by fill: an average lies between two micro-dollars, and margin is asked of each share."""
    portfolio = Portfolio(world, {})
    for fill in desk.journal.fills:
        portfolio.add(fill, None, fill.price_micros)
    for symbol, lots in portfolio.lots.items():
        portfolio.lots[symbol] = [lot._replace(risk=0) for lot in lots]
    assert all(portfolio.held(one.symbol) == one.quantity_micros for one in desk.broker.get_positions())
    return portfolio


def assert_correlations_hold(simulation: Simulation, decision: Decision) -> None:
    """No entry moves more like a holding, or another entry, than allowed."""
    most, market = simulation.engine.desk.policies.limits.max_correlation, simulation.market
    taken = {(one.symbol, 1 if one.quantity_micros > 0 else -1) for one in simulation.broker.get_positions() if one.quantity_micros}
    taken |= {(one.order.symbol, one.order.side.sign) for one in decision.working if one.opening}
    closes = {one.symbol: one.close[: at + 1][-LOOKBACK - 1 :] for one, at in zip(market.series, market.cursor, strict=True)}
    returns = {symbol: np.diff(close) / close[:-1] for symbol, close in closes.items()}
    for one in decision.entries if most is not None else ():
        symbol, sign = one.order.symbol, one.order.side.sign
        for other, side in taken:
            assert other == symbol or sign * side * np.corrcoef(returns[symbol], returns[other])[0, 1] <= most + 1e-9
        taken.add((symbol, sign))
