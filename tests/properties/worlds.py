"""Random markets, random programs of orders and random policies, and what a run over them left behind.

A program is a list of wishes for every decision. Prices are asked for in percent of the last close seen, so that a wish means something
wherever the market is, and depends on nothing but the past.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from framework.app.assembly.assemble import backtest
from framework.domain.account_event import AccountEvent, Split
from framework.domain.fill import Fill
from framework.domain.order_update import OrderUpdate
from framework.engine.market import session_number
from tests.builders import Played, Scripted, bars, daily, play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from data import Dataset
    from framework.app.assembly.assemble import Simulation
    from framework.domain.market import BarSeries
    from framework.engine.context import Context
    from framework.engine.journal import Journal
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config

SYMBOLS = ("A", "B", "C")
PRICED = {
    "market": (),
    "limit": ("limit_price",),
    "stop_loss": ("stop_price",),
    "stop_limit": ("limit_price", "stop_price"),
    "trailing_stop": ("trail_amount",),
}


@dataclass(frozen=True)
class World:
    """Everything a run depends on."""

    series: tuple[BarSeries, ...]
    program: tuple[tuple[tuple[object, ...], ...], ...]
    config: dict[str, dict[str, object]]

    def play(
        self,
        *series: BarSeries,
        each: Callable[[Simulation], None] = lambda _: None,
        make: Callable[[Config, Strategy, Dataset], Simulation] = backtest,
        first: int | None = None,
    ) -> Played:
        """Run it from ``first`` (ns UTC) on; other ``series`` may take the place of its own, ``make`` puts the parts together."""
        return play(Programmed(self.program), *(series or self.series), first=first, each=each, make=make, **self.config)


class Programmed(Scripted):
    """Carries out a program, one list of wishes a decision."""

    def __init__(self, program):
        super().__init__(lambda ctx: [carry_out(ctx, *wish) for wish in program[(self.decisions - 1) % len(program)]])


def carry_out(ctx: Context, kind: str, symbol: str, *rest: object) -> None:
    if symbol not in ctx.symbols:
        return
    closes = ctx.bars(symbol).close
    last = float(closes[-1]) if len(closes) else 100.0
    if kind == "target":
        ctx.target(symbol, rest[0] / 4)
    elif kind == "close":
        ctx.close(symbol)
    elif kind == "cancel":
        for working in [one for one in ctx.open_orders(symbol) if not one.role.protects][: rest[0]]:
            ctx.cancel(working)
    elif kind == "bracket":
        quantity, profit, stop = rest
        ctx.bracket(symbol, quantity, take_profit=cents(last, profit), stop_loss=cents(last, -stop))
    elif kind == "worth":
        side, dollars, order_type, offset = rest
        prices = {name: cents(last, offset) for name in PRICED[order_type]}
        getattr(ctx, side)(symbol, notional=dollars, order_type=order_type, **prices)
    else:
        order(getattr(ctx, kind), symbol, last, *rest)


def order(
    call: Callable[..., object], symbol: str, last: float, quantity: int, order_type: str, first: int, second: int, force: str
) -> None:
    prices = {name: cents(last, offset) for name, offset in zip(PRICED[order_type], (first, second), strict=False)}
    if order_type == "trailing_stop":
        prices = {"trail_amount": abs(first) + 1}
    call(symbol, quantity, order_type, time_in_force=force, **prices)


def cents(price: float, percent: int) -> float:
    return round(price * (1 + percent / 100), 2)


def walk(symbol: str, sessions: list[int], moves: list[tuple[int, ...]]) -> BarSeries:
    """Bars at some sessions; each move is (gap, up, down, close, volume) in percent, and millesimal of the range for the close.

    A dividend of 25 cents is paid on the ex date or the session after; a split comes before the open.
    """
    rows, last, dividends, splits, pay_days = [], 100.0, {}, {}, {}
    times = daily(max(sessions) + 2)
    for number, (gap, up, down, close, volume, paid, split) in enumerate(moves):
        if split != 1.0 and 20.0 <= last / split <= 1_000.0:
            splits[number], last = split, last / split
        opened = cents(last, gap)
        high, low = cents(opened, up), cents(opened, -down)
        last = min(max(round(low + (high - low) * close / 10, 2), low), high)
        rows.append((opened, high, low, last, volume))
        if paid:
            dividends[number] = 0.25
            pay_days[number] = session_number(times[sessions[number] + paid - 1])
    return bars(symbol, rows, [times[index] for index in sessions], dividends, splits, pay_days)


percents = st.integers(-9, 9)
quantities = st.one_of(st.integers(1, 60), st.integers(1, 400))
wishes = st.one_of(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.sampled_from(SYMBOLS),
        quantities,
        st.sampled_from(sorted(PRICED)),
        percents,
        percents,
        st.sampled_from(["gtc", "day"]),
    ),
    st.tuples(st.just("target"), st.sampled_from(SYMBOLS), st.integers(-4, 4)),
    st.tuples(st.just("bracket"), st.sampled_from(SYMBOLS), quantities, st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.just("close"), st.sampled_from(SYMBOLS)),
    st.tuples(st.just("cancel"), st.sampled_from(SYMBOLS), st.integers(1, 3)),
    st.tuples(
        st.just("worth"),
        st.sampled_from(SYMBOLS),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 30_000),
        st.sampled_from(["market", "limit", "stop_loss"]),
        percents,
    ),
)


def moves_with(*splits: float) -> st.SearchStrategy[tuple[float, ...]]:
    """A bar's move, with one of ``splits`` now and then."""
    return st.tuples(
        percents,
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 10),
        st.sampled_from([10**7, 1_000, 200, 0]),
        st.sampled_from([0, 0, 1, 2]),
        st.sampled_from([*[1.0] * len(splits), *splits]),
    )


moves = moves_with(2.0, 3.0, 1.5, 0.5, 1 / 7)


@st.composite
def markets(draw: st.DrawFn, steps: st.SearchStrategy[tuple[int, ...]] = moves) -> tuple[BarSeries, ...]:
    """One to three symbols with gaps, over at most twelve sessions."""
    length = draw(st.integers(4, 12))
    found = []
    for symbol in SYMBOLS[: draw(st.integers(1, 3))]:
        silent = draw(st.sets(st.integers(0, length - 1), max_size=length // 2))
        sessions = [number for number in range(length) if number not in silent]
        found.append(walk(symbol, sessions, draw(st.lists(steps, min_size=len(sessions), max_size=len(sessions)))))
    return tuple(found)


#: Every way to place and to move a stop, over windows short enough for a dozen bars.
EXITS = {
    "method": st.sampled_from(["percent", "atr", "trailing", "chandelier", "pullback"]),
    "atr_period": st.just(2),
    "trail_amount": st.sampled_from([0.0, 3.0]),
    "chandelier_bars": st.just(2),
    "chandelier_multiple": st.sampled_from([1.0, 3.0]),
    "pullback_bars": st.just(2),
    "breakeven_r": st.sampled_from([0.0, 0.5]),
    "time_bars": st.sampled_from([0, 0, 3]),
    "target_r": st.sampled_from([0.0, 0.0, 1.5]),
}
SIZES = {
    "method": st.sampled_from(["var", "cvar", "atr", "kelly", "volatility", "equal", "fixed"]),
    "min_observations": st.just(2),
    "kelly_min_trades": st.just(1),
    "fixed_amount": st.just(4_000.0),
    "max_position_pct": st.sampled_from([0.1, 1.0]),
}
LIMITS = [
    {"profile": "venue"},
    {"profile": "conservative"},
    {
        "max_positions": 2,
        "max_orders_per_bar": 2,
        "max_turnover_pct_per_day": 0.5,
        "max_portfolio_heat_pct": 0.05,
        "max_correlation": 0.9,
        "max_average_volume_pct": 0.2,
        "settled_cash_only": True,
    },
]
GUARDS = [
    {"enabled": False},
    {"enabled": True},
    {"enabled": True, "max_daily_loss_pct": 0.002, "max_drawdown_pct": 0.05, "max_consecutive_losses": 2, "streak_losses": 1},
    {"enabled": True, "max_daily_loss_pct": 0.002, "max_violations": 1, "resets_daily": False},
]
ORDERS = [
    {},
    {"entry_type": "limit", "time_in_force": "day"},
    {"entry_type": "limit", "buy_offset": -50.0, "sell_offset": 200.0, "allowed_types": ["limit", "stop_limit"]},
]


IN_FULL = [{"cash": 100_000}, {"cash": 5_000}, {"cash": 100_000, "type": "cash"}]
ACCOUNTS = [*IN_FULL, {"cash": 100_000, "type": "margin", "debit_rate": 0.5, "credit_rate": 0.1, "borrow_rate": 0.9}]


def configs(**fixed: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[dict[str, dict[str, object]]]:
    """Policies of every kind; ``fixed`` sections replace the random ones."""
    sections = {
        "account": st.sampled_from(ACCOUNTS),
        "broker": st.sampled_from([{"name": "generic"}, {"name": "robinhood"}]),
        "sizing": st.fixed_dictionaries(SIZES),
        "limits": st.sampled_from(LIMITS),
        "guards": st.sampled_from(GUARDS),
        "orders": st.sampled_from(ORDERS),
        "stops": st.fixed_dictionaries(
            {
                "attach": st.sampled_from(["entries", "targets", "never"]),
                "may_loosen": st.booleans(),
                "lowers_on_dividend": st.booleans(),
                **EXITS,
            }
        ),
        "fills": st.fixed_dictionaries(
            {
                "path": st.sampled_from(["pessimistic", "optimistic", "nearest"]),
                "limit_fill": st.sampled_from(["touch", "through"]),
                "max_volume_share": st.sampled_from([0, 0.1]),
                "slippage": st.sampled_from(["none", {"model": "bps", "bps": 20}, {"model": "impact", "estimate": "corwin_schultz"}]),
                "fees": st.sampled_from(["none", "venue", {"per_share": 0.005, "rate": 0.0003, "minimum": 1.0, "regulatory": True}]),
            }
        ),
    }
    return st.fixed_dictionaries({**sections, **fixed})


programs = st.lists(st.lists(wishes, min_size=1, max_size=3).map(tuple), min_size=2, max_size=8).map(tuple)


def in_order(journal: Journal) -> Iterator[Fill | AccountEvent]:
    """Fills and what happened to the account, as they happened."""
    for event in journal.events:
        if isinstance(event, OrderUpdate) and event.fill is not None:
            yield event.fill
        elif isinstance(event, AccountEvent):
            yield event


def changes_of_position(journal: Journal) -> Iterator[tuple[Fill, int, int]]:
    """Every fill with the micro-shares held before it and after it, splits in between."""
    held: dict[str, int] = {}
    for event in in_order(journal):
        if isinstance(event, Split):
            held[event.symbol] = event.held_micros
        elif isinstance(event, Fill):
            before = held.get(event.symbol, 0)
            held[event.symbol] = before + event.side.sign * event.quantity_micros
            yield event, before, held[event.symbol]


def worlds(
    series: st.SearchStrategy[tuple[BarSeries, ...]] | None = None, **fixed: st.SearchStrategy[dict[str, object]]
) -> st.SearchStrategy[World]:
    """A market, a program and policies; some sections can be fixed."""
    return st.builds(World, series=markets() if series is None else series, program=programs, config=configs(**fixed))
