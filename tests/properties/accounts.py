"""An account with positions and working orders, limits of every kind, and the wishes of one decision: signals, orders, brackets, exits."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from framework.domain.order import Order, OrderRole, OrderSide, OrderType, TimeInForce, TrailType
from framework.domain.values import MICRO, floor_to_lot
from framework.domain.venue import VENUES, Capabilities
from framework.rules.pretrade.risk_limits import LIMIT_ONLY, RiskLimits
from framework.rules.pretrade.standing import AccountStanding, Standing
from framework.rules.sizing.lots import change, shares_for
from framework.rules.sizing.numbers import TRADING_DAYS
from framework.rules.sizing.policy import NO_PRICE, NO_SIGNAL, FixedUnit, SizingMethod, SizingPolicy
from framework.rules.sizing.sizers import Candidates, allocate, charged_var
from tests.properties.dice import INF, NAN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framework.rules.sizing.sizers import Allocation
    from tests.properties.dice import Dice

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
SECTORS = ("technology", "media", "unknown")
STRENGTHS = (-1.0, -0.5, -0.5, -0.05, 0.0, 0.05, 0.5, 0.5, 1.0)
#: Whole shares, fractions, and a lot between them.
LOTS = (MICRO, 1, 1_000)


@dataclass(slots=True)
class Holding:
    """One symbol and what is known of it; prices, shares and the loss a share at its stop (``None``: no stop) in micros."""

    symbol: str
    sector: str
    price: int
    held: int
    risk: int | None
    var: float | None
    correlation: float | None
    market_cap: float | None
    volume: int | None

    @property
    def value(self) -> int:
        """|value| of the position, micro-dollars."""
        return abs(self.held) * self.price // MICRO

    @property
    def loss(self) -> int:
        """What the position loses at its stop, micro-dollars; all of it without one."""
        return self.value if self.risk is None else abs(self.held) * self.risk // MICRO

    @property
    def margin(self) -> int:
        """Initial margin of the position, micro-dollars."""
        return math.ceil(abs(self.held) * initial_margin(self.price, self.held) / MICRO)

    @property
    def known_var(self) -> float:
        """The VaR that a position counts with; nothing where it is no number."""
        return self.var if self.var is not None and 0.0 <= self.var <= 1e3 else 0.0

    @property
    def charge(self) -> int:
        """VaR of the position, micro-dollars."""
        return math.ceil(self.value * self.known_var)


def initial_margin(price: int, sign: int) -> int:
    """Micro-dollars that must be one's own of a share: half, and for a short what FINRA Rule 4210(c) asks for where that is more."""
    half = -(-price // 2)
    if sign > 0:
        return half
    return max(price, 5 * MICRO // 2) if price < 5 * MICRO else max(half, 5 * MICRO)


class Wish(NamedTuple):
    """An order as asked for, and what a share of it would lose at the stop planned for it."""

    order: Order
    risk: int | None


@dataclass(slots=True)
class World:
    """Everything one decision depends on."""

    holdings: dict[str, Holding]
    account: AccountStanding
    limits: RiskLimits
    sizing: SizingPolicy
    venue: Capabilities
    kelly: float = NAN
    strengths: dict[str, float] = field(default_factory=dict)
    working: list[Wish] = field(default_factory=list)
    explicit: list[Wish] = field(default_factory=list)

    def standing(self, symbol: str) -> Standing:
        """What the limits are told of a symbol before anything is sent."""
        each = self.holdings[symbol]
        return Standing(
            account=self.account,
            held=each.held,
            exits=0,
            price=each.price,
            sector=each.sector,
            var=each.var,
            at_risk=None if each.risk is None else each.loss,
            correlation=each.correlation,
            market_cap=each.market_cap,
            average_volume=each.volume,
        )


def world(dice: Dice, symbols: int, *, explicit: int = 0, working: int = 0) -> World:
    """A world of so many symbols, explicit orders and orders that work already."""
    cash = round(dice.spread(1e3, 1e7)) * MICRO if dice.chance(0.95) else dice.one_of((0, -5_000 * MICRO, 1))
    base = dice.one_of(tuple(VENUES.values()))
    venue = replace(base, lot_micros=dice.one_of(LOTS)) if dice.chance(0.5) else base
    holdings = {name: _holding(dice, name, max(cash, MICRO), venue) for name in SYMBOLS[:symbols]}
    drawn = World(holdings, _account(dice, holdings, cash), limits_of(dice), sizing_of(dice), venue, dice.number(0.01, 2.0))
    drawn.strengths = {name: _strength(dice) for name in holdings if dice.chance(0.7)}
    orders = [_wish(dice, number, drawn, max(cash, MICRO)) for number in range(working + explicit)]
    if orders and dice.chance(0.1):
        again = dice.one_of(orders)  # asked for twice
        orders.append(again._replace(order=replace(again.order, order_id="order-again")))
    drawn.working, drawn.explicit = orders[:working], orders[working:]
    return drawn


def _holding(dice: Dice, symbol: str, cash: int, venue: Capabilities) -> Holding:
    price = dice.price()
    held = 0
    if price and dice.chance(0.5):
        shares = int(cash * dice.spread(1e-3, 0.5)) * MICRO // price
        held = floor_to_lot(shares, venue.lot_micros if dice.chance(0.8) else 1) * (-1 if venue.shorting and dice.chance(0.4) else 1)
    return Holding(
        symbol,
        dice.one_of(SECTORS),
        price,
        held,
        _risk(dice, price),
        dice.maybe(0.9, 1e-3, 0.3),
        dice.maybe(0.9, 0.01, 1.0),
        dice.maybe(0.9, 1e6, 1e12),
        None if dice.chance(0.1) else round(dice.spread(1e2, 1e7)) * MICRO,
    )


def _risk(dice: Dice, price: int) -> int | None:
    return None if dice.chance(0.4) else int(price * dice.spread(1e-3, 1.2))


def _account(dice: Dice, holdings: dict[str, Holding], cash: int) -> AccountStanding:
    each, coming = holdings.values(), int(max(cash, 0) * dice.between(0.0, 0.2)) if dice.chance(0.1) else 0
    return AccountStanding(
        equity=cash + coming + sum(one.value if one.held > 0 else -one.value for one in each),
        gross=sum(one.value for one in each),
        entering=0,
        reserved=0,
        cash=cash,
        unsettled=int(max(cash, 0) * dice.between(0.0, 1.0)) if dice.chance(0.3) else 0,
        traded=int(max(cash, 0) * dice.between(0.0, 0.5)) if dice.chance(0.3) else 0,
        positions=sum(one.held != 0 for one in each),
        entries_in_bar=dice.count(0, 1),
        entries_today=dice.count(0, 2),
        var=sum(one.charge for one in each),
        sectors={name: sum(one.value for one in each if one.sector == name) for name in {one.sector for one in each}},
        heat=None if dice.chance(0.05) else sum(one.loss for one in each),
        receivable=coming,
        margin=sum(one.margin for one in each) if dice.chance(0.3) else None,
    )


def limits_of(dice: Dice) -> RiskLimits:
    """Limits, few or many of them on."""
    share = dice.one_of((0.05, 0.2, 0.5))
    fractions = "position sector_exposure total_exposure portfolio_heat portfolio_var position_risk".split()
    drawn: dict[str, float | int | None] = {f"max_{name}_pct": _limit(dice, share, 3e-3, 1.5) for name in fractions}
    drawn |= {"max_turnover_pct_per_day": _limit(dice, share, 0.05, 3.0), "max_average_volume_pct": _limit(dice, share / 2, 1e-3, 1.0)}
    drawn |= {"max_correlation": _limit(dice, share / 4, 0.1, 1.0), "price_band_pct": _limit(dice, share, 1e-3, 0.5)}
    drawn |= {f"max_{name}": dice.count(0, 6) if dice.chance(share / 2) else None for name in _COUNTS}
    drawn |= {"min_order_value_dollars": dice.maybe(share / 2, 0.01, 1e3), "max_order_value_dollars": dice.maybe(share, 10.0, 1e6)}
    drawn |= {"min_market_cap_dollars": dice.maybe(share / 4, 1e6, 1e9), "min_average_volume_shares": dice.maybe(share / 4, 1.0, 5e3)}
    return RiskLimits(
        **{name: value if value is None or 0.0 <= value <= 1e15 else None for name, value in drawn.items()},
        entry_collar_pct=dice.one_of((0.0, 0.05, 0.3)),
        settled_cash_only=dice.chance(0.2),
        refuse_duplicates=dice.chance(0.5),
        allowed_entry_types=LIMIT_ONLY if dice.chance(share / 10) else frozenset(OrderType),
    )


_COUNTS = ("positions", "orders_per_bar", "orders_per_day")


def _limit(dice: Dice, share: float, low: float, high: float) -> float | None:
    return dice.millionths(low, high) if dice.chance(share) else None


def sizing_of(dice: Dice) -> SizingPolicy:
    """Any method with any numbers that a configuration may hold."""
    names = "max_position_var_pct max_position_pct max_total_exposure_pct fallback_position_pct risk_per_trade_pct".split()
    names += "target_volatility_pct kelly_fraction kelly_cap fixed_amount min_position_value min_strength risk_floor".split()
    ranges = {"fixed_amount": (1.0, 1e6), "min_position_value": (1e-3, 2e3), "min_strength": (1e-3, 0.3), "risk_floor": (1e-6, 0.01)}
    drawn = {name: dice.number(*ranges.get(name, (1e-3, 1.5))) for name in names}
    return SizingPolicy(
        **{name: value for name, value in drawn.items() if 0.0 <= value < INF},
        method=dice.one_of(tuple(SizingMethod)),
        max_portfolio_var_pct=dice.millionths(1e-3, 0.2) if dice.chance(0.7) else None,
        assumed_var=dice.spread(1e-3, 2.0),
        atr_multiple=dice.spread(0.1, 10.0),
        fixed_unit=dice.one_of(tuple(FixedUnit)),
    )


def _strength(dice: Dice) -> float:
    return dice.number(1e-3, 1.0) * dice.one_of((1, -1)) if dice.chance(0.5) else dice.one_of(STRENGTHS)


# --- orders of every kind

_ROLES = (OrderRole.EXPLICIT,) * 10 + (OrderRole.TARGET,) * 4 + (OrderRole.STOP, OrderRole.TAKE_PROFIT)
_TYPES = (OrderType.MARKET,) * 4 + tuple(OrderType)


def _wish(dice: Dice, number: int, drawn: World, cash: int) -> Wish:
    each, role, kind = drawn.holdings[dice.one_of(tuple(drawn.holdings))], dice.one_of(_ROLES), dice.one_of(_TYPES)
    side = dice.one_of(tuple(OrderSide)) if each.held or drawn.venue.shorting else OrderSide.BUY
    prices: dict[str, Any] = {name: _on_tick(drawn.venue, int(each.price * dice.spread(0.7, 1.5))) for name in _PRICES[kind]}
    if kind is OrderType.TRAILING_STOP:
        percent = dice.chance(0.5)
        trail = dice.count(1, 60) * MICRO if percent else max(int(each.price * dice.spread(0.01, 0.6)), 1)
        prices = {"trail_micros": trail, "trail_type": TrailType.PERCENTAGE if percent else TrailType.AMOUNT}
    shares = abs(each.held) if each.held and dice.chance(0.3) else int(cash * dice.spread(1e-4, 1.0)) * MICRO // max(each.price, 1)
    quantity = max(floor_to_lot(shares, drawn.venue.lot_micros), drawn.venue.lot_micros)
    if dice.chance(0.02):
        quantity = dice.one_of((-1, 0, 2**62, quantity + 1))
    force = dice.one_of(tuple(TimeInForce)) if dice.chance(0.02) else dice.one_of((TimeInForce.DAY, TimeInForce.DAY, TimeInForce.GTC))
    order = Order(f"order-{number}", each.symbol, side, quantity, kind, 7, role=role, time_in_force=force, **prices)
    return Wish(order, _risk(dice, each.price))


def _on_tick(venue: Capabilities, price: int) -> int:
    tick = venue.tick_micros(price)
    return max(price // tick, 1) * tick


_PRICES = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_micros",),
    OrderType.STOP_LOSS: ("stop_micros",),
    OrderType.STOP_LIMIT: ("limit_micros", "stop_micros"),
    OrderType.TRAILING_STOP: (),
}


# --- from signals to orders


def rows_of(drawn: World, symbols: Sequence[str]) -> Candidates:
    """What the sizer is told of ``symbols``; a year's volatility moves with the VaR of a day, the Kelly fraction is the world's."""
    each, method = [drawn.holdings[symbol] for symbol in symbols], drawn.sizing.method
    var = np.array([NAN if one.var is None else one.var for one in each])
    price = np.array([one.price / MICRO or NAN for one in each])
    with np.errstate(over="ignore"):
        measures = {
            SizingMethod.VOLATILITY: var * math.sqrt(TRADING_DAYS),
            SizingMethod.KELLY: np.full(len(each), drawn.kelly),
            SizingMethod.FIXED: price,
        }
    held = np.array([math.copysign(one.value / MICRO, one.held) for one in each])
    return Candidates(
        np.array([drawn.strengths[symbol] for symbol in symbols], dtype=np.float64), measures.get(method, var), var, price, held
    )


def sized(drawn: World, symbols: Sequence[str]) -> Allocation:
    """The sizes of ``symbols``, decided together; positions in all others take their part of the budgets."""
    others = [one for name, one in drawn.holdings.items() if name not in drawn.strengths]
    charged = charged_var(np.array([NAN if one.var is None else one.var for one in others]), drawn.sizing).tolist()
    var = sum(one.value / MICRO * each for one, each in zip(others, charged, strict=True))
    exposure = sum(one.value for one in others) / MICRO
    return allocate(rows_of(drawn, symbols), var, exposure, drawn.account.equity / MICRO, len(drawn.holdings), drawn.sizing)


def in_turn(dice: Dice, strengths: Mapping[str, float]) -> list[str]:
    """The symbols in any order that keeps those of equal strength in theirs."""
    mixed, waiting = dice.shuffled(sorted(strengths)), defaultdict(list)
    for symbol in sorted(strengths):
        waiting[_rank(strengths[symbol])].append(symbol)
    return [waiting[_rank(strengths[symbol])].pop(0) for symbol in mixed]


def _rank(strength: float) -> float:
    return 0.0 if math.isnan(strength) else min(abs(strength), 1.0)


def targets(drawn: World) -> list[Wish]:
    """Signals to orders as the engine does it: sized together; reductions first, then the strongest, ties by symbol."""
    symbols = sorted(drawn.strengths)
    found = sized(drawn, symbols)
    wishes = []
    for symbol, value, code in zip(symbols, found.target.tolist(), found.codes, strict=True):
        each = drawn.holdings[symbol]
        wanted = shares_for(value, each.price, drawn.venue.lot_micros)
        delta = 0 if code in {NO_PRICE, NO_SIGNAL} else change(each.held, wanted, each.price, drawn.sizing)[0]
        if delta:
            side = OrderSide.BUY if delta > 0 else OrderSide.SELL
            order = Order(
                f"target-{symbol}", symbol, side, abs(delta), OrderType.MARKET, 7, time_in_force=TimeInForce.DAY, role=OrderRole.TARGET
            )
            wishes.append((delta * each.held >= 0, -abs(drawn.strengths[symbol]), symbol, Wish(order, each.risk)))
    return [wish for *_, wish in sorted(wishes, key=lambda one: one[:3])]
