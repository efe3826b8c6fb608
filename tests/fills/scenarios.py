"""Random scenarios: the bars and the orders of one symbol, many of them side by side in one run of the real assembly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from data import Dataset
from data.calendar import session_closes
from data.finer import made_of
from framework.app.assembly.assemble import backtest
from framework.domain.order import OrderRole
from framework.runtime.config import Config
from tests.builders import MINUTE, PLAIN, Scripted, bars, daily
from tests.fills.oracle import Ask, Fill, Oracle, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from framework.domain.order import Order
    from framework.engine.context import Context

MICRO = 1_000_000
LENGTH = 12
SIDE_BY_SIDE = 40
CLOCK = "ZZ"
NAMES = ["".join(pair) for pair in product("ABCDEFGHIJ", repeat=2)]
LEGS = {OrderRole.STOP: ".stop", OrderRole.TAKE_PROFIT: ".profit"}
#: Minutes after the open at which the bars of a session of half-hours close; the last one is the close.
HALF_HOURS = (30, 60, 90, 390)


@dataclass(frozen=True)
class Rules:
    """What is the same for all scenarios of a run."""

    is_daily: bool
    path: str
    through: bool
    share: float

    @property
    def sessions(self) -> list[int]:
        return list(range(LENGTH)) if self.is_daily else [number // len(HALF_HOURS) for number in range(LENGTH)]

    @property
    def times(self) -> tuple[int, ...]:
        return daily(LENGTH) if self.is_daily else half_hours()

    @property
    def config(self) -> dict[str, Any]:
        finer = {"finer": "5m"} if self.path == "finer" else {}
        limit_fill = "through" if self.through else "touch"
        return {
            **PLAIN,
            "account": {"cash": 1e9},
            "data": {"resolution": "1d" if self.is_daily else "30m", **finer},
            "fills": {"slippage": "none", "fees": "none", "path": self.path, "limit_fill": limit_fill, "max_volume_share": self.share},
        }


@cache
def half_hours() -> tuple[int, ...]:
    opens = session_closes(date(2012, 1, 3), date(2012, 1, 12)).open[: LENGTH // len(HALF_HOURS)]
    return tuple(int(opened) + minute * MINUTE for opened in opens for minute in HALF_HOURS)


@dataclass(frozen=True)
class Scenario:
    """The bars of one symbol (see the oracle) and the orders for it."""

    bars: tuple[tuple[Piece, ...] | None, ...]
    asks: tuple[Ask, ...]

    def oracle(self, rules: Rules, kind: type[Oracle] = Oracle) -> Oracle:
        """The oracle, or one that was changed, after it has played the scenario."""
        pieces = [None if bar is None else list(bar) for bar in self.bars]
        found = kind(pieces, rules.sessions, list(self.asks), rules.path, rules.through, rules.share)
        found.play()
        return found

    def expected(self, rules: Rules, kind: type[Oracle] = Oracle) -> list[Fill]:
        """The fills the oracle says."""
        return self.told(self.oracle(rules, kind).fills, rules)

    def told(self, fills: Sequence[Fill], rules: Rules) -> list[Fill]:
        """Fills without what nothing says: in how many parts one order trades at one price, and, once there is a cap, which of two orders
        goes first that ask for the same shares on the same side and could both trade at one price."""
        found: list[Fill] = []
        for fill in fills:
            number, _, leg = fill.order.partition(".")
            partner = self.asks[int(number)].partner
            named = fill
            if rules.share and (leg or partner >= 0):
                named = fill._replace(order=f"{number}.exit" if leg else str(partner))
            last = found[-1] if found else None
            if last is not None and (last.bar, last.order, last.price) == (named.bar, named.order, named.price):
                found[-1] = last._replace(quantity=last.quantity + named.quantity)
            else:
                found.append(named)
        return found


# --- drawing


def drawn_rules(dice: Random) -> Rules:
    return Rules(
        dice.random() < 0.6,
        dice.choice(("pessimistic", "pessimistic", "optimistic", "nearest", "finer")),
        dice.random() < 0.3,
        dice.choice((0.0, 0.1, 0.1, 0.25, 1.0)),
    )


def drawn_scenario(dice: Random, rules: Rules) -> Scenario:
    """Prices on a coarse grid, so that equal prices, exact touches and ties are common."""
    grid = dice.choice((MICRO, MICRO, 10_000, 250_000))
    bars = drawn_bars(dice, grid, rules)
    return Scenario(bars, drawn_bracket(dice, grid, bars) if dice.random() < 0.35 else drawn_asks(dice, grid, bars, rules.share))


def drawn_bars(dice: Random, grid: int, rules: Rules) -> tuple[tuple[Piece, ...] | None, ...]:
    found: list[tuple[Piece, ...] | None] = []
    close = 100 * MICRO
    for number in range(LENGTH):
        if number and dice.random() < 0.08:
            found.append(None)
            continue
        count = dice.choice((1, 1, 2, 3)) if rules.path == "finer" else 1
        pieces = []
        for part in range(count):
            piece = drawn_piece(dice, grid, close, is_first=number == 0)
            if part and not piece[4]:
                piece = (close, close, close, close, 0)  # nothing traded: the price stands still
            pieces.append(piece)
            close = piece[3]
            if not piece[4]:
                break
        found.append(tuple(pieces))
    return tuple(found)


def drawn_piece(dice: Random, grid: int, close: int, *, is_first: bool) -> Piece:
    opened = close + grid * dice.choice((0, 0, 0, 1, -1, 2, -2, 5, -5))
    up, down = dice.choice((0, 1, 2, 4, 8)), dice.choice((0, 1, 2, 4, 8))
    high, low = opened + grid * up, opened - grid * down
    ended = low + grid * dice.randint(0, up + down)
    volume = 1_000_000 if is_first else dice.choice((1_000_000, 1_000_000, 1_000, 200, 37, 0))
    return opened, high, low, ended, volume * MICRO


def last_close(bars: Sequence[tuple[Piece, ...] | None], at: int) -> int:
    return next(bar[-1][3] for bar in reversed(bars[: at + 1]) if bar is not None)


def drawn_asks(dice: Random, grid: int, bars: tuple[tuple[Piece, ...] | None, ...], share: float) -> tuple[Ask, ...]:
    """Each asks for more than all before it together, so that none merely closes a position: what ends with one is another matter."""
    asks: list[Ask] = []
    total = 0
    for at in sorted(dice.randrange(LENGTH - 1) for _ in range(dice.randint(1, 6))):
        quantity = total + dice.choice((1, 5, 10)) * MICRO
        total += quantity
        asks.append(drawn_ask(dice, grid, last_close(bars, at), at)._replace(quantity=quantity))
        if asks[-1].force in ("day", "gtc") and dice.random() < 0.25:
            asks += drawn_partners(dice, grid, last_close(bars, at), asks[-1], len(asks) - 1, both_sides=not share)
    return tuple(asks)


def drawn_ask(dice: Random, grid: int, close: int, at: int) -> Ask:
    kind = dice.choice(("market", "limit", "limit", "stop", "stop", "stop_limit", "trail"))
    near = [close + grid * dice.randint(-6, 6) for _ in range(2)]
    forces = (
        ("gtc", "gtc", "day")
        if kind in ("stop", "stop_limit", "trail")
        else ("gtc", "gtc", "gtc", "day", "day", "ioc", "fok", "opg", "cls")
    )
    is_percent = kind == "trail" and grid == MICRO and dice.random() < 0.5
    return Ask(
        at,
        dice.choice((1, -1)),
        0,
        near[0] if kind in ("limit", "stop_limit") else 0,
        near[1] if kind in ("stop", "stop_limit") else 0,
        grid * dice.randint(1, 8) if kind == "trail" and not is_percent else 0,
        dice.randint(1, 8) if is_percent else 0,
        dice.choice(forces),
        cancel_at=at + dice.randint(0, 3) if dice.random() < 0.1 else -1,
    )


def drawn_partners(dice: Random, grid: int, close: int, first: Ask, number: int, *, both_sides: bool) -> Iterator[Ask]:
    """One or two more orders of which, with the first, only one is to fill."""
    for _ in range(dice.choice((1, 1, 2))):
        other = drawn_ask(dice, grid, close, first.at)
        force = other.force if other.force in ("day", "gtc") else "gtc"
        yield other._replace(sign=other.sign if both_sides else first.sign, quantity=first.quantity, force=force, partner=number)


def drawn_bracket(dice: Random, grid: int, bars: tuple[tuple[Piece, ...] | None, ...]) -> tuple[Ask, ...]:
    at, sign = dice.randrange(LENGTH // 2), dice.choice((1, -1))
    close = last_close(bars, at)
    limit = close + grid * dice.randint(-6, 6) if dice.random() < 0.5 else 0
    profit, loss = (limit or close) + sign * grid * dice.randint(1, 8), (limit or close) - sign * grid * dice.randint(1, 8)
    there = dice.choice(((1, 1), (1, 1), (1, 0), (0, 1)))
    cancel_at = at + dice.randint(0, 3) if dice.random() < 0.1 else -1
    quantity = dice.choice((1, 5, 10, 40, 100)) * MICRO
    return (Ask(at, sign, quantity, limit, profit=profit * there[0], loss=loss * there[1], cancel_at=cancel_at),)


# --- the real assembly


def fills_of(scenarios: Sequence[Scenario], rules: Rules) -> list[list[Fill]]:
    """What each scenario comes to when all are played in one run, through config, engine, venue and driver."""
    symbols = NAMES[: len(scenarios)]
    player = Player(dict(zip(symbols, scenarios, strict=True)))
    times = np.array(rules.times)
    still = bars(CLOCK, [(50.0, 50.0, 50.0, 50.0, 1e6)] * LENGTH, rules.times)
    series, finer = {CLOCK: still}, {}
    sessions = session_closes(date(2012, 1, 3), date(2012, 1, 31))
    for symbol, scenario in player.scenarios.items():
        there = [(time, bar) for time, bar in zip(rules.times, scenario.bars, strict=True) if bar is not None]
        series[symbol] = bars(symbol, [dollars(whole(bar)) for _, bar in there], [time for time, _ in there])
        parts = [(time - 5 * MINUTE * (len(bar) - 1 - index), piece) for time, bar in there for index, piece in enumerate(bar)]
        if rules.path == "finer":
            fine = bars(symbol, [dollars(piece) for _, piece in parts], [time for time, _ in parts])
            finer[symbol], _ = made_of(series[symbol], fine, sessions)
    config = Config.model_validate({**rules.config, "universe": {"symbols": list(series)}})
    simulation = backtest(config, Scripted(player.decide), Dataset(series, rules.times[0], (), finer))
    with simulation.broker:
        simulation.engine.start(rules.times[0])
        simulation.driver.run(lambda _: None)
        simulation.engine.stop()
    assert simulation.journal.refusals == []
    orders = {order.order_id: order for order in simulation.journal.orders}
    found: dict[str, list[Fill]] = {symbol: [] for symbol in symbols}
    for fill in simulation.journal.fills:
        bar = int(np.searchsorted(times, fill.timestamp))
        name = player.name(orders[fill.order_id])
        found[fill.symbol].append(Fill(bar, name, fill.side.sign * fill.quantity_micros, fill.price_micros))
    return [scenario.told(found[symbol], rules) for symbol, scenario in player.scenarios.items()]


def whole(pieces: Sequence[Piece]) -> Piece:
    """The bar that finer bars make up."""
    high, low = max(piece[1] for piece in pieces), min(piece[2] for piece in pieces)
    return pieces[0][0], high, low, pieces[-1][3], sum(piece[4] for piece in pieces)


def dollars(piece: Piece) -> list[float]:
    return [value / MICRO for value in piece]


class Player:
    """Gives the orders of every scenario, and knows them again."""

    def __init__(self, scenarios: dict[str, Scenario]) -> None:
        self.scenarios = scenarios
        self.number = 0
        self.names: dict[str, str] = {}
        self.given: dict[tuple[str, int], Order] = {}

    def decide(self, ctx: Context) -> None:
        for symbol, scenario in self.scenarios.items():
            for number, ask in enumerate(scenario.asks):
                if ask.at == self.number:
                    self.give(ctx, symbol, number, ask)
            for number, ask in enumerate(scenario.asks):
                if ask.cancel_at == self.number:
                    ctx.cancel(self.given[symbol, number])
        self.number += 1

    def give(self, ctx: Context, symbol: str, number: int, ask: Ask) -> None:
        prices = {"limit_price": ask.limit, "stop_price": ask.stop, "trail_amount": ask.trail}
        terms: dict[str, Any] = {name: price / MICRO for name, price in prices.items() if price}
        side, quantity = ("buy" if ask.sign > 0 else "sell"), ask.quantity / MICRO
        if ask.profit or ask.loss:
            exits = {name: price / MICRO for name, price in (("take_profit", ask.profit), ("stop_loss", ask.loss)) if price}
            order = ctx.bracket(symbol, quantity, side=side, **exits, **terms).entry
        else:
            if ask.trail or ask.percent:
                terms |= {"trail_amount": ask.percent or ask.trail / MICRO, "trail_type": "percentage" if ask.percent else "amount"}
            kind = {(): "market", ("limit_price",): "limit", ("stop_price",): "stop_loss", ("limit_price", "stop_price"): "stop_limit"}
            name = kind.get(tuple(terms), "trailing_stop")
            partner = self.given.get((symbol, ask.partner))
            call = ctx.buy if ask.sign > 0 else ctx.sell
            order = call(symbol, quantity, name, time_in_force=ask.force, tag=str(number), oco=partner, **terms)
        self.given[symbol, number] = order
        self.names[order.order_id] = str(number)

    def name(self, order: Order) -> str:
        known = self.names.get(order.order_id) or self.names.get(order.parent_id or "")
        return f"{known or order.tag}{LEGS.get(order.role, '')}"


# --- a failure, made small and told


def disagrees(scenario: Scenario, rules: Rules) -> bool:
    return fills_of([scenario], rules)[0] != scenario.expected(rules)


def smallest(scenario: Scenario, rules: Rules) -> Scenario:
    """The scenario without the orders its disagreement does not need."""
    for number in reversed(range(len(scenario.asks))):
        if any(ask.partner == number for ask in scenario.asks):
            continue
        kept = [ask for index, ask in enumerate(scenario.asks) if index != number]
        fewer = replace(scenario, asks=tuple(ask._replace(partner=ask.partner - (ask.partner > number)) for ask in kept))
        if disagrees(fewer, rules):
            return smallest(fewer, rules)
    return scenario


def told_in_words(scenario: Scenario, rules: Rules) -> str:
    """Bars, orders and both answers, to be checked with a pencil."""
    lines = [str(rules)]
    for number, bar in enumerate(scenario.bars):
        prices = "no bar" if bar is None else "; ".join(" ".join(f"{value:g}" for value in dollars(piece)) for piece in bar)
        lines.append(f"  bar {number} (session {rules.sessions[number]}): {prices}")
    lines += [f"  #{number} {ask}" for number, ask in enumerate(scenario.asks)]
    lines += [f"  the simulator: {fill}" for fill in fills_of([scenario], rules)[0]]
    lines += [f"  the oracle:    {fill}" for fill in scenario.expected(rules)]
    return "\n".join(lines)
