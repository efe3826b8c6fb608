"""Reads a case of cases.toml and plays it through the real assembly; cases.toml says how a case is written."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from data.calendar import session_closes
from framework.app.assembly.assemble import Simulation, backtest
from framework.app.backtest.run import load_data
from framework.domain.order import Bracket, Order, OrderRole
from framework.runtime.config import Config
from tests.builders import MINUTE, PLAIN, VOLUME, Scripted, daily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from framework.engine.context import Context

PATH = Path(__file__).parent / "cases.toml"
SYMBOL, CLOCK = "A", "B"
DAYS = {"mon": date(2012, 1, 9), "tue": date(2012, 1, 10)}
TYPES = {
    (): "market",
    ("limit",): "limit",
    ("stop",): "stop_loss",
    ("limit", "stop"): "stop_limit",
    ("trail",): "trailing_stop",
}
LEGS = {OrderRole.STOP: ".stop", OrderRole.TAKE_PROFIT: ".profit"}
FIVE_MINUTES = 5 * MINUTE
#: Bars that are none are dropped and reported; jumps and gaps are meant.
POLICY_OF_BROKEN = {"nan": "drop", "non_positive": "drop", "inverted": "drop"}
POLICY = {**POLICY_OF_BROKEN, "gap": "accept", "suspect_tick": "accept", "split_jump": "accept"}


class Bar(NamedTuple):
    """One line of ``bars``; ``row`` is (open, high, low, close, volume), ``None`` where the symbol has no bar."""

    label: tuple[str, ...]
    row: tuple[float, ...] | None
    finer: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Wish:
    """One line of ``orders``."""

    at: int
    does: str  # buy | sell | cancel
    quantity: str = "0"
    prices: Mapping[str, str] = field(default_factory=dict)
    force: str = "gtc"
    oco: int | None = None
    is_bracket: bool = False
    number: int = 0  # of the order that is canceled


class Filled(NamedTuple):
    """One line of ``fills``: quantity in shares, signed; fee in dollars."""

    bar: int
    order: str
    quantity: Decimal
    price: Decimal
    fee: Decimal = Decimal(0)


@dataclass(frozen=True)
class Case:
    """One case, read."""

    name: str
    why: str
    bars: tuple[Bar, ...]
    wishes: tuple[Wish, ...]
    fills: tuple[Filled, ...]
    reasons: tuple[tuple[str, ...], ...]
    held: Decimal
    ends: tuple[tuple[str, str, int], ...]
    reported: tuple[str, ...]
    silent: bool
    disputed: str
    venue: str
    model: Mapping[str, object]

    @property
    def orders(self) -> tuple[Wish, ...]:
        """The wishes that are orders: #1 is the first of them."""
        return tuple(wish for wish in self.wishes if wish.does != "cancel")


def cases() -> list[Case]:
    """Every case of the table."""
    return [read(entry) for entry in tomllib.loads(PATH.read_text())["case"]]


def read(entry: Mapping[str, Any]) -> Case:
    """A case from its entry in the table; a key it does not know is an error."""
    left = dict(entry)
    lines = [read_fill(line) for line in left.pop("fills")]
    model = {"max_volume_share": left.pop("share", 0), "slippage": left.pop("slippage", "none"), "fees": left.pop("fees", "none")}
    case = Case(
        name=left.pop("name"),
        why=left.pop("why"),
        bars=tuple(read_bars(left.pop("bars"))),
        wishes=tuple(read_wish(line) for line in left.pop("orders")),
        fills=tuple(fill for fill, _ in lines),
        reasons=tuple(reasons for _, reasons in lines),
        held=Decimal(str(left.pop("held"))),
        ends=tuple((order, state, int(bar)) for order, state, bar in map(str.split, left.pop("ends", ()))),
        reported=tuple(left.pop("reported", ())),
        silent=left.pop("silent", False),
        disputed=left.pop("disputed", ""),
        venue=left.pop("venue", "generic"),
        model={**model, **{key: left.pop(key) for key in ("path", "limit_fill") if key in left}},
    )
    assert not left, f"{case.name}: {sorted(left)}"
    return case


def read_bars(lines: Sequence[str]) -> Iterator[Bar]:
    found: list[Bar] = []
    for line in lines:
        words = line.split()
        if words[0] == ">":
            found[-1] = found[-1]._replace(finer=(*found[-1].finer, read_row(words[1:])))
            continue
        label = tuple(word for word in words if ":" in word or word.count("-") == 2 or word in DAYS)
        row = words[len(label) :]
        found.append(Bar(label, None if row == ["-"] else read_row(row)))
    return iter(found)


def read_row(words: Sequence[str]) -> tuple[float, ...]:
    volume = float(words[-1][1:]) if words[-1].startswith("v") else VOLUME
    prices = [float(word) for word in words if not word.startswith("v")]
    return (*(prices * 4 if len(prices) == 1 else prices), volume)


def read_wish(line: str) -> Wish:
    at, does, *words = line.split()
    if does == "cancel":
        return Wish(int(at), does, number=int(words[0][1:]) - 1)
    is_bracket = does == "bracket"
    if is_bracket:
        does, *words = words
    quantity, *words = words
    prices = {word: words[index + 1] for index, word in enumerate(words) if word in ("limit", "stop", "trail", "profit")}
    force = next((word for word in words if word in ("day", "gtc", "ioc", "fok", "opg", "cls")), "gtc")
    oco = int(words[words.index("oco") + 1][1:]) - 1 if "oco" in words else None
    return Wish(int(at), does, quantity, prices, force, oco, is_bracket)


def read_fill(line: str) -> tuple[Filled, tuple[str, ...]]:
    bar, order, side, quantity, _, price, *words = line.replace(",", " ").split()
    fee = Decimal(words.pop(words.index("fee") + 1)) if "fee" in words else Decimal(0)
    sign = {"buy": 1, "sell": -1}[side]
    return Filled(int(bar), order, sign * Decimal(quantity), Decimal(price), fee), tuple(word for word in words if word != "fee")


# --- through the real assembly


def close_of(label: tuple[str, ...], session: int) -> int:
    """Close of a bar, ns UTC."""
    if not label:
        return daily(session + 1)[session]
    day = DAYS.get(label[0]) or date.fromisoformat(label[0])
    sessions = session_closes(day, day)
    if len(label) == 1:
        return int(sessions.close[0])
    hours, minutes = map(int, label[1].split(":"))
    return int(sessions.open[0]) + (60 * hours + minutes - 570) * MINUTE  # sessions open at 09:30


def trailing(text: str) -> dict[str, str]:
    return {"trail_amount": text.rstrip("%"), "trail_type": "percentage" if text.endswith("%") else "amount"}


class Player:
    """Gives the orders of a case, and keeps what came of them."""

    def __init__(self, wishes: Sequence[Wish]) -> None:
        self.given: list[Order] = []
        self._wishes = wishes

    def script(self) -> Mapping[int, Callable[[Context], object]]:
        return {wish.at: self.decide for wish in self._wishes}

    def decide(self, ctx: Context) -> None:
        number = ctx.bars(CLOCK).close.shape[0] - 1
        for wish in self._wishes:
            if wish.at == number and wish.does == "cancel":
                ctx.cancel(self.given[wish.number])
            elif wish.at == number:
                made = self.bracket(ctx, wish) if wish.is_bracket else self.order(ctx, wish)
                self.given.append(made.entry if isinstance(made, Bracket) else made)

    def order(self, ctx: Context, wish: Wish) -> Order:
        terms: dict[str, Any] = {f"{name}_price": price for name, price in wish.prices.items() if name != "trail"}
        terms |= trailing(wish.prices["trail"]) if "trail" in wish.prices else {}
        partner = None if wish.oco is None else self.given[wish.oco]
        kind = TYPES[tuple(sorted(wish.prices))]
        call = ctx.buy if wish.does == "buy" else ctx.sell
        tag = f"#{len(self.given) + 1}"
        return call(SYMBOL, wish.quantity, kind, time_in_force=wish.force, oco=partner, tag=tag, **terms)

    def bracket(self, ctx: Context, wish: Wish) -> Bracket:
        named = {"profit": "take_profit", "stop": "stop_loss", "limit": "limit_price"}
        return ctx.bracket(SYMBOL, wish.quantity, side=wish.does, **{named[name]: price for name, price in wish.prices.items()})

    def name(self, order: Order) -> str:
        """#n of an order as it was given, or of the one it came from; with .stop or .profit for a leg."""
        origin = next((number for number, one in enumerate(self.given, 1) if one.order_id in (order.order_id, order.parent_id)), None)
        return (order.tag or "") if origin is None else f"#{origin}{LEGS.get(order.role, '')}"


class Outcome(NamedTuple):
    """What a case came to."""

    fills: list[Filled]
    held: Decimal
    ends: dict[str, tuple[str, int]]
    reported: list[str]


def play(case: Case) -> Outcome:
    """Data as they are loaded, config, engine, simulated venue and driver, as a user's backtest has them."""
    times = [close_of(bar.label, number) for number, bar in enumerate(case.bars)]
    there = [(time, bar) for time, bar in zip(times, case.bars, strict=True) if bar.row is not None]
    frames = {
        SYMBOL: frame([time for time, _ in there], [bar.row or () for _, bar in there]),
        CLOCK: frame(times, [(50.0, 50.0, 50.0, 50.0, VOLUME)] * len(times)),
    }
    is_finer = case.model.get("path") == "finer"
    parts = [(parts_of(time, len(bar.finer)), bar.finer) for time, bar in there]
    finer_times = [time for times, _ in parts for time in times]
    finer = {
        SYMBOL: frame(finer_times, [row for _, rows in parts for row in rows]),
        CLOCK: frame(finer_times, [(50.0, 50.0, 50.0, 50.0, VOLUME)] * len(finer_times)),
    }
    minutes = any(len(bar.label) == 2 for bar in case.bars)
    tree = {
        **PLAIN,
        "universe": {"symbols": list(frames)},
        "broker": {"name": case.venue},
        "data": {"resolution": "1m" if minutes else "1d", "policy": POLICY, **({"finer": "5m"} if is_finer else {})},
        "fills": case.model,
    }
    config = Config.model_validate(tree)
    dataset = load_data(config, frames, finer if is_finer else None)
    player = Player(case.wishes)
    simulation = backtest(config, Scripted(player.script()), dataset)
    with simulation.broker:
        simulation.engine.start(dataset.first_trade)
        simulation.driver.run(lambda _: None)
        simulation.engine.stop()
    no_volume = ["no volume"] * simulation.broker.idle_bars.get(SYMBOL, 0)
    reported = [one.kind.value for one in dataset.findings if one.symbol == SYMBOL and one.kind.value in POLICY_OF_BROKEN] + no_volume
    return outcome(simulation, player, times, reported)


def frame(times: Sequence[int], rows: Sequence[tuple[float, ...]]) -> pd.DataFrame:
    """Bars as a user hands them over."""
    return pd.DataFrame(rows, pd.to_datetime(list(times), utc=True), ["open", "high", "low", "close", "volume"])


def parts_of(close: int, count: int) -> list[int]:
    """Closes of the finer bars of a session's bar, the first five minutes after the open."""
    day = datetime.fromtimestamp(close // 10**9, UTC).date()
    opened = int(session_closes(day, day).open[0])
    return [opened + FIVE_MINUTES * (number + 1) for number in range(count)]


def outcome(simulation: Simulation, player: Player, times: Sequence[int], reported: list[str]) -> Outcome:
    orders = {order.order_id: order for order in simulation.journal.orders}
    fills = [
        Filled(times.index(one.timestamp), player.name(orders[one.order_id]), one.side.sign * one.quantity, one.price, one.fees)
        for one in simulation.journal.fills
    ]
    ends = {player.name(one): (one.status.value, times.index(one.changes[-1].timestamp)) for one in player.given}
    return Outcome(fills, Decimal(simulation.engine.desk.book.quantity(SYMBOL)) / 10**6, ends, reported)


# --- the same case with every price on the other side of 100, and buys for sells

CENTRE = 200


def can_be_mirrored(case: Case) -> bool:
    """A percentage is another distance on the other side; venue, slippage and fees have sides of their own."""
    percent = any(wish.prices.get("trail", "").endswith("%") for wish in case.wishes)
    odd = any(bar.row is not None and not all(price > 0 for price in bar.row[:4]) for bar in case.bars)
    return not (percent or odd or case.venue != "generic" or case.model["slippage"] != "none" or case.model["fees"] != "none")


def mirrored(case: Case) -> Case:
    """Its image: highs are lows, buys are sells."""
    other = {"buy": "sell", "sell": "buy", "cancel": "cancel"}
    wishes = (
        replace(one, does=other[one.does], prices={name: image(name, text) for name, text in one.prices.items()}) for one in case.wishes
    )
    fills = (one._replace(quantity=-one.quantity, price=CENTRE - one.price) for one in case.fills)
    return replace(case, bars=tuple(map(mirrored_bar, case.bars)), wishes=tuple(wishes), fills=tuple(fills), held=-case.held)


def image(name: str, text: str) -> str:
    return text if name == "trail" else str(CENTRE - Decimal(text))


def mirrored_bar(bar: Bar) -> Bar:
    row = None if bar.row is None else mirrored_row(bar.row)
    return bar._replace(row=row, finer=tuple(map(mirrored_row, bar.finer)))


def mirrored_row(row: tuple[float, ...]) -> tuple[float, ...]:
    opened, high, low, close, volume = row
    return (*(CENTRE - price for price in (opened, low, high, close)), volume)


def shared(volume: float, share: float) -> Decimal:
    """Shares of ``volume`` that may trade, to the millionth."""
    return Decimal(math.floor(volume * share * 10**6 + 1e-3)) / 10**6
