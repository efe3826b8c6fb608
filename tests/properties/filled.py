"""What was accepted, filled at its reference price and measured by a count of its own: lots of shares, each at the price it came in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.order import Order, OrderSide, OrderType, TrailType
from framework.domain.values import MICRO
from framework.rules import limits as door
from framework.rules.pretrade.risk_limits import PROFILES
from framework.rules.pretrade.standing import after
from framework.rules.pretrade.validator import PreTradeValidator
from tests.properties.accounts import initial_margin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framework.domain.fill import Fill, Refusal
    from framework.rules.pretrade.standing import Standing
    from tests.properties.accounts import Wish, World
    from tests.properties.dice import Dice

UNLIMITED = replace(PROFILES["venue"], price_band_pct=None, min_order_value_dollars=None)


class Sent(NamedTuple):
    """An accepted order and the wish it came from; ``closing`` and ``opening`` are its parts, neither for an order that protects."""

    order: Order
    asked: Wish
    closing: int
    opening: int

    @property
    def protects(self) -> bool:
        """Whether it goes with the position, and does not fill beside other exits."""
        return self.order.role.protects


@dataclass(slots=True)
class Decision:
    """What came of the wishes of one decision, in order of arrival, and of the orders before it."""

    working: list[Sent] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    #: Entries counted before this decision, in its bar and its session.
    counted: tuple[int, int] = (0, 0)
    #: With the micro-shares of the position that nothing closed yet when the wish came.
    refused: list[tuple[Wish, Refusal, int]] = field(default_factory=list)

    @property
    def entries(self) -> list[Sent]:
        """Accepted in this decision, and opening something."""
        return [one for one in self.sent if one.opening]


def decided(world: World, wishes: Iterable[Wish]) -> Decision:
    """Every wish before the one door, with the earlier ones in the books; what works already went in without limits."""
    standings = {name: world.standing(name) for name in world.holdings}
    working = _through(world, world.working, PreTradeValidator(UNLIMITED, world.venue), standings)
    found = _through(world, wishes, PreTradeValidator(world.limits, world.venue), standings, working.sent)
    entered = len(working.entries)
    counted = world.account.entries_in_bar + entered, world.account.entries_today + entered
    return Decision(working.sent, found.sent, counted, found.refused)


def _through(
    world: World, wishes: Iterable[Wish], validator: PreTradeValidator, standings: dict[str, Standing], earlier: Iterable[Sent] = ()
) -> Decision:
    found = Decision()
    leaving = Counter[str]()
    for one in earlier:
        leaving[one.order.symbol] += one.closing
    for wish in wishes:
        order, symbol = wish.order, wish.order.symbol
        standing = standings[symbol]._replace(risk_per_share=wish.risk)
        approved, refusal = door.check(order, standing, validator)
        held = world.holdings[symbol].held
        free = abs(held) - (0 if order.role.protects else leaving[symbol]) if held * order.side.sign < 0 else 0
        if refusal is not None:
            found.refused.append((wish, refusal, free))
        if approved is None:
            continue
        sent, closing = approved.order, min(approved.order.quantity_micros, free)
        parts = (0, 0) if sent.role.protects else (closing, sent.quantity_micros - closing)
        found.sent.append(Sent(sent, wish, *parts))
        leaving[symbol] += parts[0]
        standings[symbol] = after(standing, sent, sent.quantity_micros, validator.limits.entry_collar_pct)
        standings.update({name: each._replace(account=standings[symbol].account) for name, each in standings.items()})
    return found


def counted_price(order: Order, last: int) -> int:
    """The reference price: a buy's limit, else the highest of last, stop and limit price; a trailing stop starts at its distance."""
    if order.side is OrderSide.BUY and order.limit_micros:
        return order.limit_micros
    return max(last, _stop(order, last), order.limit_micros or 0)


def fill_price(order: Order, last: int) -> int:
    """Where the order trades when the market comes to it."""
    limit, stop, sign = order.limit_micros or 0, _stop(order, last), order.side.sign
    reached = sign * max(sign * stop, sign * last) if stop else last
    if order.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}:
        return limit if sign > 0 else max(limit, reached)
    return reached


def _stop(order: Order, last: int) -> int:
    if order.order_type is not OrderType.TRAILING_STOP:
        return order.stop_micros or 0
    percent = order.trail_type is TrailType.PERCENTAGE
    level = max(last + order.side.sign * (last * (order.trail_micros or 0) // (100 * MICRO) if percent else order.trail_micros or 0), 1)
    return min(level, order.stop_micros or level) if order.side is OrderSide.BUY else max(level, order.stop_micros or level)


class Lot(NamedTuple):
    """Micro-shares (signed), the price they count at and what a share of them loses at its stop."""

    shares: int
    price: int
    risk: int


@dataclass(slots=True)
class Portfolio:
    """Lots by symbol. What is sold leaves the oldest lots first."""

    world: World
    lots: dict[str, list[Lot]]

    def add(self, order: Order | Fill, risk: int | None, price: int) -> None:
        """Shares of ``order`` change hands at ``price``, whatever else is there."""
        shares, lots = order.side.sign * order.quantity_micros, self.lots.setdefault(order.symbol, [])
        while lots and lots[0].shares * shares < 0:
            oldest = lots.pop(0)
            if abs(oldest.shares) > abs(shares):
                lots.insert(0, oldest._replace(shares=oldest.shares + shares))
                return
            shares += oldest.shares
        if shares:
            lots.append(Lot(shares, price, risk or price))

    def held(self, symbol: str) -> int:
        """Micro-shares, signed."""
        return sum(lot.shares for lot in self.lots.get(symbol, ()))

    def value(self, symbol: str) -> int:
        """Micro-dollars."""
        return sum(abs(lot.shares) * lot.price // MICRO for lot in self.lots.get(symbol, ()))

    def margin(self, symbol: str) -> float:
        """Micro-dollars that must be one's own."""
        return sum(abs(lot.shares) * initial_margin(lot.price, lot.shares) / MICRO for lot in self.lots.get(symbol, ()))

    def loss(self, symbol: str) -> int:
        """Micro-dollars lost at the stops."""
        return sum(abs(lot.shares) * lot.risk // MICRO for lot in self.lots.get(symbol, ()))

    def var(self, symbol: str) -> float:
        """Micro-dollars of VaR."""
        return self.value(symbol) * self.world.holdings[symbol].known_var


def held_before(world: World) -> Portfolio:
    """What the account holds."""
    each = world.holdings.items()
    lots = {name: [Lot(one.held, one.price, one.price if one.risk is None else one.risk)] for name, one in each if one.held}
    return Portfolio(world, lots)


def filled(world: World, sent: Iterable[Sent]) -> Portfolio:
    """The portfolio after the fills of ``sent``; what protects is canceled with what it guards, and does not fill."""
    portfolio = held_before(world)
    for one in sent:
        if not one.protects:
            portfolio.add(one.order, one.asked.risk, fill_price(one.order, world.holdings[one.order.symbol].price))
    return portfolio


def piled_up(world: World, sent: Iterable[Sent]) -> Portfolio:
    """The portfolio with everything ``sent`` would open on top of what is held, nothing closed: at least what any fills can make of it."""
    portfolio = held_before(world)
    for one in sent:
        if one.opening:
            price = fill_price(one.order, world.holdings[one.order.symbol].price)
            portfolio.lots.setdefault(one.order.symbol, []).append(Lot(one.order.side.sign * one.opening, price, one.asked.risk or price))
    return portfolio


def one_of_each(dice: Dice, sent: list[Sent]) -> list[Sent]:
    """The orders, one of every group of which only one is to fill."""
    groups: dict[str, list[Sent]] = {}
    for one in sent:
        groups.setdefault(one.order.group_id, []).append(one)
    chosen = {dice.one_of(group).order.order_id for group in groups.values()}
    return [one for one in sent if one.order.order_id in chosen]


def some_fills(dice: Dice, sent: list[Sent]) -> list[Sent]:
    """Some of the orders, in an order in which the market may come to them; same symbol and side: first sent, first filled."""
    some = [one for one in one_of_each(dice, sent) if dice.chance(0.7)]
    queues: dict[tuple[str, OrderSide], list[Sent]] = {}
    for one in some:
        queues.setdefault((one.order.symbol, one.order.side), []).append(one)
    turns = dice.shuffled([(one.order.symbol, one.order.side) for one in some])
    return [queues[turn].pop(0) for turn in turns]
