"""Random orders of every kind over random bars, under random rules of the venue, with an auditor at each slice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from data import Dataset
from data.calendar import session_closes
from data.finer import made_of
from framework.app.assembly.assemble import Simulation, backtest
from framework.domain.order import OrderRole, OrderStatus
from framework.engine.strategy import Strategy
from framework.runtime.config import Config
from tests.builders import MINUTE, PLAIN, bars, daily
from tests.fills.auditor import MICRO, Auditor, Quoted, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from framework.domain.order import Order
    from framework.engine.context import Context

SYMBOLS = ("A", "B", "C")
ACCOUNTS = ("limited", "limited", "cash", "margin")
LENGTH = 60
HALF_HOURS = (30, 60, 210, 390)
KINDS = ("market", "market", "limit", "limit", "stop_loss", "stop_limit", "trailing_stop")
PAIR_FORCES = ("gtc", "gtc", "day")
FORCES = ("gtc", "gtc", "gtc", "day", "day", "ioc", "fok", "opg", "cls")


class Row(NamedTuple):
    """A bar as it is quoted on its day, with the finer bars it is made of; dollars and shares."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    split: float = 1.0
    dividend: float = 0.0
    parts: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class World:
    """Bars of each symbol by slice (``None``: no bar) and what the run is told."""

    rows: dict[str, list[Row | None]]
    is_daily: bool
    config: dict[str, Any]

    @property
    def length(self) -> int:
        return max(len(rows) for rows in self.rows.values())

    @property
    def times(self) -> tuple[int, ...]:
        return daily(self.length) if self.is_daily else half_hours()[: self.length]


@cache
def half_hours() -> tuple[int, ...]:
    opens = session_closes(date(2012, 1, 3), date(2012, 3, 1)).open
    return tuple(int(opened) + minute * MINUTE for opened, minute in product(opens, HALF_HOURS))


# --- drawing


def drawn_world(dice: Random) -> World:
    is_daily = dice.random() < 0.6
    path = dice.choice(("pessimistic", "optimistic", "nearest", "finer"))
    has_actions = is_daily and path != "finer" and dice.random() < 0.5
    rows = {symbol: drawn_rows(dice, is_finer=path == "finer", has_actions=has_actions) for symbol in SYMBOLS}
    rows[SYMBOLS[0]] = [row or rows[SYMBOLS[0]][0] for row in rows[SYMBOLS[0]]] if not has_actions else rows[SYMBOLS[0]]
    return World(rows, is_daily, drawn_config(dice, path, is_daily=is_daily))


def drawn_config(dice: Random, path: str, *, is_daily: bool) -> dict[str, Any]:
    finer = {"finer": "5m"} if path == "finer" else {}
    fills = {
        "path": path,
        "limit_fill": dice.choice(("touch", "through")),
        "max_volume_share": dice.choice((0, 0.1, 0.1, 0.5)),
        "slippage": dice.choice(("none", "none", {"model": "bps", "bps": 20}, {"model": "half_spread", "dollars": 0.03})),
        "fees": dice.choice(("none", {"per_share": 0.005, "rate": 0.0003}, {"per_order": 1.0})),
    }
    stops = {"attach": dice.choice(("never", "never", "entries")), "method": dice.choice(("percent", "trailing", "chandelier"))}
    return {
        **PLAIN,
        "account": {"cash": dice.choice((5_000, 100_000, 10_000_000)), "type": dice.choice(ACCOUNTS)},
        "broker": {"name": dice.choice(("generic", "generic", "robinhood"))},
        "stops": stops,
        "data": {"resolution": "1d" if is_daily else "30m", **finer},
        "fills": fills,
    }


def drawn_rows(dice: Random, *, is_finer: bool, has_actions: bool) -> list[Row | None]:
    tick = dice.choice((0.01, 0.01, 0.25, 1.0))
    found: list[Row | None] = []
    close = 100.0
    for number in range(LENGTH):
        if number and dice.random() < 0.05:
            found.append(None)
            continue
        split = dice.choice((2.0, 3.0, 0.5, 1.5, 0.1)) if has_actions and number and dice.random() < 0.04 else 1.0
        if not 5 < close / split < 1000:
            split = 1.0
        dividend = 0.25 if has_actions and number and dice.random() < 0.05 else 0.0
        parts = [drawn_part(dice, tick, round(close / split, 2))]
        for _ in range(dice.randint(0, 2) if is_finer else 0):
            parts.append(drawn_part(dice, tick, parts[-1][3]))
        row = made_up(parts)._replace(split=split, dividend=dividend)
        found.append(row)
        close = row.close
    return found


def drawn_part(dice: Random, tick: float, close: float) -> tuple[float, ...]:
    step = tick * dice.choice((1, 1, 4))
    opened = max(close + step * dice.choice((0, 0, 1, -1, 2, -3, 5)), 4.0)
    up, down = dice.choice((0, 1, 3, 8)), dice.choice((0, 1, 3, 8))
    high, low = opened + step * up, max(opened - step * down, 3.0)
    ended = min(max(opened + step * dice.randint(-down, up), low), high)
    volume = dice.choice((1_000_000, 1_000_000, 2_000, 300, 41, 0))
    return (round(opened, 2), round(high, 2), round(low, 2), round(ended, 2), volume)


def made_up(parts: Sequence[tuple[float, ...]]) -> Row:
    """The bar of some finer bars: its prices are those of the trades there were."""
    traded = [part for part in parts if part[4]] or parts[:1]
    high, low = max(part[1] for part in traded), min(part[2] for part in traded)
    return Row(traded[0][0], high, low, traded[-1][3], sum(part[4] for part in traded), parts=tuple(traded))


# --- playing


def assembled(world: World, strategy: Strategy) -> Simulation:
    """The real assembly over the bars of ``world``."""
    series, finer = {}, {}
    for symbol, rows in world.rows.items():
        there = [(time, row) for time, row in zip(world.times, rows, strict=False) if row is not None]
        splits = {number: row.split for number, (_, row) in enumerate(there) if row.split != 1.0}
        dividends = {number: row.dividend for number, (_, row) in enumerate(there) if row.dividend}
        series[symbol] = bars(symbol, [row[:5] for _, row in there], [time for time, _ in there], dividends, splits)
        if world.config["fills"]["path"] == "finer":
            parts = [
                (time - 5 * MINUTE * (len(row.parts) - 1 - index), part) for time, row in there for index, part in enumerate(row.parts)
            ]
            fine = bars(symbol, [part for _, part in parts], [time for time, _ in parts])
            finer[symbol], _ = made_of(series[symbol], fine, session_closes(date(2012, 1, 3), date(2012, 6, 29)))
    config = Config.model_validate({**world.config, "universe": {"symbols": list(series)}})
    return backtest(config, strategy, Dataset(series, world.times[0], (), finer))


def auditor(world: World, simulation: Simulation) -> Auditor:
    """An auditor who knows the bars as they were drawn."""
    known = {(symbol, time): row for symbol, rows in world.rows.items() for time, row in zip(world.times, rows, strict=False)}

    def bar(symbol: str, time: int) -> Quoted | None:
        row = known.get((symbol, time))
        if row is None:
            return None
        opened, high, low, close = (round(price * MICRO) for price in row[:4])
        return Quoted(opened, high, low, close, row.volume, row.split != 1.0)

    fills, account, venue = world.config["fills"], world.config["account"], simulation.broker.capabilities
    sessions = [number if world.is_daily else number // len(HALF_HOURS) for number in range(world.length)]
    ends = [time for time, *pair in zip(world.times, sessions, [*sessions[1:], -1], strict=True) if pair[0] != pair[1]]
    terms = Terms(
        share=fills["max_volume_share"],
        lot=venue.lot_micros,
        shorting=venue.shorting and account["type"] != "cash",
        lends=account["type"] == "margin" or (venue.shorting and account["type"] == "limited"),
        sessions=dict(zip(world.times, sessions, strict=True)),
        ends=frozenset(ends),
        is_costless=fills["slippage"] == "none",
        cash=account["cash"] * MICRO,
    )
    return Auditor(bar, terms)


def play(world: World, strategy: Strategy) -> Simulation:
    """A whole run, audited at each slice."""
    simulation = assembled(world, strategy)
    watching = auditor(world, simulation)
    with simulation.broker:
        simulation.engine.start(world.times[0])
        simulation.driver.run(lambda _: watching.after_slice(simulation))
        simulation.engine.stop()
    return simulation


def sent(simulation: Simulation) -> int:
    """How many orders of the strategy the venue has taken."""
    return sum(order.role is OrderRole.EXPLICIT and order.status is not OrderStatus.DENIED for order in simulation.journal.orders)


# --- orders


class Wish(NamedTuple):
    """What is asked for; prices as steps of ``step`` dollars from the last close, or of the entry."""

    does: str
    is_buy: bool = True
    quantity: float = 1
    kinds: tuple[str, ...] = ("market",)
    force: str = "gtc"
    step: float = 0.25
    offsets: tuple[int, int] = (0, 0)
    trail: float = 0.0  # percent; 0 is two steps
    which: int = 0


class Gambler(Strategy):
    """Does something at random at each decision."""

    def __init__(self, dice: Random, venue: str) -> None:
        super().__init__()
        self.dice = dice
        self.venue = venue

    def on_bar(self, ctx: Context) -> None:
        for _ in range(self.dice.choice((0, 2, 3, 5))):
            act(ctx, self.dice.choice(SYMBOLS), drawn_wish(self.dice), self.venue)


def drawn_wish(dice: Random) -> Wish:
    return Wish(
        dice.choice(("order",) * 12 + ("pair", "pair", "bracket", "bracket", "cancel", "close")),
        dice.random() < 0.5,
        dice.choice((1, 2, 5, 10, 10, 30, 100)) * dice.choice((1, 1, 1, 0.5, 0.123457, 1.1)),
        tuple(dice.choice(KINDS) for _ in range(3)),
        dice.choice(FORCES),
        dice.choice((0.01, 0.05, 0.25, 1.0)),
        (dice.randint(-6, 6), dice.randint(-6, 6)),
        dice.choice((0.0, 0.0, 0.5, 1.0, 3.0)),
        dice.randint(0, 3),
    )


def act(ctx: Context, symbol: str, wish: Wish, venue: str) -> None:
    """Ask for it, as far as the venue has such orders; a few others are asked for too, and refused."""
    if not len(ctx.bars(symbol).close):
        return
    if venue == "robinhood":
        is_buy = wish.is_buy or not ctx.position(symbol).quantity_micros
        force = wish.force if wish.force in ("day", "gtc") or wish.which else "gtc"
        wish = wish._replace(is_buy=is_buy, quantity=max(round(wish.quantity), 1), force=force)
    WISHES[wish.does](ctx, symbol, wish)


def order(ctx: Context, symbol: str, wish: Wish) -> None:
    place(ctx, symbol, wish, wish.kinds[0], wish.offsets)


def pair(ctx: Context, symbol: str, wish: Wish) -> None:
    """Two or three of which only one is to fill."""
    first = None
    for number, kind in enumerate(wish.kinds[: 2 + wish.which // 3]):
        made = place(
            ctx,
            symbol,
            wish._replace(force=wish.force if wish.force in PAIR_FORCES else "gtc"),
            kind,
            (wish.offsets[number % 2], -wish.offsets[0]),
            first,
        )
        first = first or (made if made.is_open else None)


def bracket(ctx: Context, symbol: str, wish: Wish) -> None:
    last, sign = float(ctx.bars(symbol).close[-1]), 1 if wish.is_buy else -1
    entry = near(last, wish.step * wish.offsets[0]) if wish.which % 2 else None
    away = wish.step * (1 + abs(wish.offsets[1]))
    exits = {"take_profit": near(entry or last, sign * away), "stop_loss": near(entry or last, -sign * away)}
    left_out = {2: "take_profit", 3: "stop_loss"}.get(wish.which)
    kept = {name: price for name, price in exits.items() if name != left_out}
    ctx.bracket(symbol, wish.quantity, limit_price=entry, side="buy" if wish.is_buy else "sell", **kept)


def cancel(ctx: Context, symbol: str, wish: Wish) -> None:
    for one in [one for one in ctx.open_orders(symbol) if not one.role.protects][wish.which :][:1]:
        ctx.cancel(one)


def close(ctx: Context, symbol: str, _: Wish) -> None:
    ctx.close(symbol)


WISHES: dict[str, Callable[[Context, str, Wish], None]] = {
    "order": order,
    "pair": pair,
    "bracket": bracket,
    "cancel": cancel,
    "close": close,
}


def place(ctx: Context, symbol: str, wish: Wish, kind: str, offsets: tuple[int, int], oco: Order | None = None) -> Order:
    last = float(ctx.bars(symbol).close[-1])
    terms: dict[str, Any] = {}
    if kind in ("limit", "stop_limit"):
        terms["limit_price"] = near(last, wish.step * offsets[0])
    if kind in ("stop_loss", "stop_limit"):
        terms["stop_price"] = near(last, wish.step * offsets[1])
    if kind == "trailing_stop":
        terms |= {"trail_amount": wish.trail or 2 * wish.step, "trail_type": "percentage" if wish.trail else "amount"}
    force = wish.force if kind in ("market", "limit") or wish.force == "day" else "gtc"
    call = ctx.buy if wish.is_buy else ctx.sell
    return call(symbol, wish.quantity, kind, time_in_force=force, oco=oco, **terms)


def near(price: float, away: float) -> float:
    """On a cent, and above zero."""
    return round(max(price + away, price / 2), 2)
