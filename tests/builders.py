"""Tiny markets and scripted strategies, played through the real assembly: config, engine, simulated venue and driver.

Daily bars close with the sessions of XNYS from 2012-01-03 on, so that bar 0 is 2012-01-03. Unless a test asks for more, the venue
is generic (long and short, fractions), nothing is charged, no volume cap, no stops attached, no circuit breakers, and only cash limits an
order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from data import Dataset
from data.calendar import session_closes, sessions_of_days
from data.finer import made_of
from framework.app.assembly.assemble import Simulation, backtest
from framework.domain.market import BarSeries
from framework.engine.strategy import Strategy
from framework.runtime.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from data.calendar import Sessions
    from framework.domain.fill import Fill
    from framework.domain.order import Order
    from framework.engine.context import Context

PLAIN = {
    "strategy": {"class": "scripted:Scripted"},
    "broker": {"name": "generic"},
    "stops": {"attach": "never"},
    "limits": {"profile": "venue"},
    "guards": {"enabled": False},
    "fills": {"slippage": "none", "max_volume_share": 0, "fees": "none"},
}
VOLUME = 1_000_000.0
Event = TypeVar("Event")
MINUTE = 60_000_000_000


@cache
def daily(count: int, first: date = date(2012, 1, 3)) -> tuple[int, ...]:
    """Closes of ``count`` sessions, ns UTC."""
    return tuple(session_closes(first, first + timedelta(days=2 * count + 10)).close[:count].tolist())


def minutes(day: date, numbers: Iterable[int]) -> tuple[int, ...]:
    """Closes of the minutes of a session, ns UTC; minute 1 closes one minute after the open."""
    opened = int(session_closes(day, day).open[0])
    return tuple(opened + number * MINUTE for number in numbers)


def bars(
    symbol: str,
    rows: Sequence[Sequence[float]],
    times: Sequence[int] | None = None,
    dividends: Mapping[int, float] | None = None,
    splits: Mapping[int, float] | None = None,
    pay_days: Mapping[int, int] | None = None,
) -> BarSeries:
    """Bars from rows of (open, high, low, close[, volume]) as quoted on the day; ``dividends``, ``splits`` and ``pay_days`` by row."""
    columns = np.array([(*row, VOLUME)[:5] for row in rows], dtype=np.float64).reshape(-1, 5).T.copy()
    paid, split = np.zeros(len(rows)), np.ones(len(rows))
    for row, amount in (dividends or {}).items():
        paid[row] = amount
    for row, ratio in (splits or {}).items():
        split[row] = ratio
    later = np.array([np.prod(split[row + 1 :]) for row in range(len(rows))])
    columns[:4] /= later
    columns[4] *= later
    stamps = np.array(daily(len(rows)) if times is None else times, dtype=np.int64)
    days = None if pay_days is None else np.array([pay_days.get(row, 0) for row in range(len(rows))], dtype=np.int64)
    return BarSeries(symbol, stamps, *columns, paid / later, split, days)


def still(price: float = 100.0, count: int = 1) -> list[tuple[float, float, float, float]]:
    """Bars in which nothing moves."""
    return [(price, price, price, price)] * count


class Scripted(Strategy):
    """Does at each decision what the script says, and writes down what it hears."""

    def __init__(self, script: Mapping[int, Callable[[Context], object]] | Callable[[Context], object]) -> None:
        super().__init__()
        self.script = script
        self.decisions = 0
        self.heard: list[tuple[object, ...]] = []
        self.returned: dict[int, object] = {}

    def on_start(self, ctx: Context) -> None:
        self.heard.append(("start", ctx.now))

    def on_bar(self, ctx: Context) -> None:
        number, self.decisions = self.decisions, self.decisions + 1
        action = self.script if callable(self.script) else self.script.get(number)
        if action is not None:
            self.returned[number] = action(ctx)

    def on_order(self, ctx: Context, order: Order) -> None:
        self.heard.append(("order", ctx.now, order))

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self.heard.append(("fill", ctx.now, fill))

    def on_stop(self, ctx: Context) -> None:
        self.heard.append(("stop", ctx.now))


@dataclass(frozen=True)
class Played:
    """What a run left behind."""

    simulation: Simulation
    strategy: Strategy
    times: tuple[int, ...]
    equity: list[int] = field(default_factory=list)

    @property
    def orders(self) -> list[Order]:
        """Every order decision, in order."""
        return self.simulation.journal.orders

    @property
    def fills(self) -> list[tuple[int, str, float, float]]:
        """(bar on the union of all times, symbol, signed shares, price) of every fill."""
        return [
            (self.times.index(one.timestamp), one.symbol, one.side.sign * float(one.quantity), float(one.price))
            for one in self.simulation.journal.fills
        ]

    def of(self, kind: type[Event]) -> list[Event]:
        """What happened to the account, of one kind."""
        return [event for event in self.simulation.journal.account_events if isinstance(event, kind)]

    @property
    def refusals(self) -> list[str]:
        """Codes of the refusals."""
        return [one.code for one in self.simulation.journal.refusals]

    def held(self, symbol: str = "A") -> float:
        """Shares at the end, signed."""
        return self.simulation.engine.desk.book.quantity(symbol) / 1e6

    @property
    def cash(self) -> float:
        """Cash at the end, dollars."""
        return self.simulation.engine.desk.book.cash_micros / 1e6

    def stops(self) -> list[tuple[float, float]]:
        """(shares, level) of the protective stops that still work."""
        found = [one for one in self.simulation.broker.get_open_orders() if one.role.value == "stop"]
        return [(float(one.quantity - one.filled_quantity), float(one.stop_price or 0)) for one in found]


def life(order: Order) -> list[str]:
    """States an order went through."""
    return [change.status.value for change in order.changes]


def assembled(
    strategy: Strategy,
    series: Sequence[BarSeries],
    first: int | None = None,
    finer: Sequence[BarSeries] = (),
    make: Callable[[Config, Strategy, Dataset], Simulation] = backtest,
    **config: object,
) -> Simulation:
    """The parts of a backtest over ``series``, decisions from ``first`` (ns UTC) on; ``config`` replaces sections of ``PLAIN``.

    Fills walk along the bars of ``finer``, where there are any; ``make`` puts the parts together.
    """
    by_symbol = {one.symbol: one for one in series}
    sections = {name: {**PLAIN.get(name, {}), **value} for name, value in config.items()}
    tree = {**PLAIN, **sections, "universe": {"symbols": list(by_symbol)}}
    start = min(int(one.timestamp[0]) for one in series) if first is None else first
    made = {one.symbol: made_of(by_symbol[one.symbol], one, _sessions(one))[0] for one in finer}
    return make(Config.model_validate(tree), strategy, Dataset(by_symbol, start, (), made))


def _sessions(series: BarSeries) -> Sessions:
    day = 24 * 60 * MINUTE
    return sessions_of_days(int(series.timestamp[0]) // day, int(series.timestamp[-1]) // day, "XNYS")


def play(
    strategy: Strategy | Mapping[int, Callable[[Context], object]] | Callable[[Context], object],
    *series: BarSeries,
    first: int | None = None,
    each: Callable[[Simulation], None] = lambda _: None,
    finer: Sequence[BarSeries] = (),
    make: Callable[[Config, Strategy, Dataset], Simulation] = backtest,
    **config: object,
) -> Played:
    """Run a strategy (or a script) over ``series``; ``each`` is called after every decision, ``make`` puts the parts together."""
    actor = strategy if isinstance(strategy, Strategy) else Scripted(strategy)
    simulation = assembled(actor, series, first, finer, make, **config)
    times = tuple(sorted({int(time) for one in series for time in one.timestamp if first is None or time >= first}))
    played = Played(simulation, actor, times)

    def note(_: int) -> None:
        played.equity.append(simulation.engine.desk.valuation.equity())
        each(simulation)

    with simulation.broker:
        simulation.engine.start(0 if first is None else first)
        simulation.driver.run(note)
        simulation.engine.stop()
    return played
