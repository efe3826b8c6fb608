"""Random orders over random bars: whatever is asked, nothing happens that must not."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from framework.domain.order import OrderStatus
from framework.domain.order_update import OrderUpdate
from framework.engine.strategy import Strategy
from tests.builders import PLAIN, daily
from tests.fills.campaign import FORCES, KINDS, Gambler, Row, Wish, World, act, assembled, auditor, drawn_world, play, sent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.app.assembly.assemble import Simulation
    from framework.domain.order import Order
    from framework.engine.context import Context
    from tests.fills.auditor import Auditor, Quoted, Watched

PARTS = 10
#: In all: 20,000; a hundred times what a larger profile asks for, so a million in the nightly one.
ORDERS = max(20_000, 100 * settings().max_examples)


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.campaign) for part in range(1, PARTS))])
def test_random_orders_over_random_bars_break_no_rule(part):
    done = run = 0
    while done < ORDERS // PARTS:
        seed, run = f"campaign {part} {run}", run + 1
        dice = Random(seed)  # noqa: S311 - repeatable, not secret
        world = drawn_world(dice)
        try:
            done += sent(play(world, Gambler(dice, world.config["broker"]["name"])))
        except Exception as error:
            error.add_note(f"seed: {seed!r}; config: {world.config}")
            raise


# --- step by step, so that a failure can be made small

LENGTH = 25
SYMBOLS = ("A", "B")
QUIET = Row(100.0, 100.0, 100.0, 100.0, 1_000_000)
#: Gap, way up, way down and close in quarters of a dollar, and the volume.
MOVES = st.tuples(
    st.integers(-8, 8), st.integers(0, 12), st.integers(0, 12), st.integers(-12, 12), st.sampled_from([1_000_000, 1_000_000, 300, 40, 0])
)
WISHES = st.builds(
    Wish,
    does=st.sampled_from(["order", "order", "order", "pair", "bracket", "cancel", "close"]),
    is_buy=st.booleans(),
    quantity=st.sampled_from([1, 10, 30, 100, 0.5]),
    kinds=st.tuples(*[st.sampled_from(sorted(set(KINDS)))] * 3),
    force=st.sampled_from(sorted(set(FORCES))),
    step=st.sampled_from([0.25, 1.0, 0.01]),
    offsets=st.tuples(*[st.integers(-6, 6)] * 2),
    trail=st.sampled_from([0.0, 1.0, 3.0]),
    which=st.integers(0, 3),
)


class Waiting(Strategy):
    """Does nothing by itself: the machine acts for it between two bars."""

    def on_start(self, ctx: Context) -> None:
        self._ctx = ctx

    @property
    def ctx(self) -> Context:
        return self._ctx

    def on_bar(self, ctx: Context) -> None:
        pass


class Account(RuleBasedStateMachine):
    """An account at the simulated venue: sessions pass, and between them orders are given."""

    @initialize(
        venue=st.sampled_from(["generic", "robinhood"]),
        path=st.sampled_from(["pessimistic", "optimistic", "nearest"]),
        limit_fill=st.sampled_from(["touch", "through"]),
        share=st.sampled_from([0, 0.1]),
        attach=st.sampled_from(["never", "entries"]),
        method=st.sampled_from(["percent", "trailing"]),
        cash=st.sampled_from([1_000_000, 5_000]),
    )
    def open(self, venue, path, limit_fill, share, attach, method, cash):
        fills = {"path": path, "limit_fill": limit_fill, "max_volume_share": share, "slippage": "none", "fees": "none"}
        config = {
            **PLAIN,
            "account": {"cash": cash, "type": "limited"},
            "broker": {"name": venue},
            "stops": {"attach": attach, "method": method},
            "fills": fills,
            "data": {"resolution": "1d"},
        }
        self.world = World({symbol: [QUIET] * LENGTH for symbol in SYMBOLS}, is_daily=True, config=config)
        self.strategy, self.session, self.venue = Waiting(), 0, venue
        self.simulation = assembled(self.world, self.strategy)
        self.auditor = auditor(self.world, self.simulation)
        self.simulation.broker.connect()
        self.simulation.engine.start(self.world.times[0])
        self.step(dict.fromkeys(SYMBOLS, QUIET))

    def step(self, rows: dict[str, Row | None]) -> None:
        """The next session, as a driver would play it."""
        market, now = self.simulation.market, self.world.times[self.session]
        moved = []
        for symbol, row in rows.items():
            self.world.rows[symbol][self.session] = row
            if row is not None:
                moved.append(market.row[symbol])
                self.write(symbol, now, row)
        self.auditor.bar = auditor(self.world, self.simulation).bar
        self.session += 1
        market.now = now
        market.on_bars(moved)
        self.simulation.broker.on_slice(moved)
        self.simulation.engine.on_slice(now)
        self.auditor.after_slice(self.simulation)

    def write(self, symbol: str, now: int, row: Row) -> None:
        """Put a bar behind the last one; what the series holds beyond is not looked at."""
        market = self.simulation.market
        index = market.row[symbol]
        market.cursor[index] += 1
        series, cursor = market.series[index], market.cursor[index]
        for name, value in zip(("timestamp", "open", "high", "low", "close", "volume"), (now, *row[:5]), strict=True):
            column = getattr(series, name)
            whole = column if column.base is None else column.base
            whole.flags.writeable = True
            column.flags.writeable = True
            column[cursor] = value

    @precondition(lambda self: self.session < LENGTH)
    @rule(first=MOVES, second=st.one_of(MOVES, MOVES, st.none()), is_swapped=st.booleans())
    def a_session_passes(self, first, second, is_swapped):
        drawn = zip(reversed(SYMBOLS) if is_swapped else SYMBOLS, (first, second), strict=True)
        self.step({symbol: None if move is None else self.row(symbol, *move) for symbol, move in drawn})

    @precondition(lambda self: self.session < LENGTH)
    @rule(wishes=st.lists(st.tuples(st.sampled_from(SYMBOLS), WISHES), min_size=1, max_size=3), first=MOVES, second=MOVES)
    def orders_are_given_and_a_session_passes(self, wishes, first, second):
        for symbol, wish in wishes:
            self.an_order_is_given(symbol, wish)
        self.step({symbol: self.row(symbol, *move) for symbol, move in zip(SYMBOLS, (first, second), strict=True)})

    def row(self, symbol: str, gap: int, up: int, down: int, close: int, volume: int) -> Row:
        last = self.auditor.last[symbol] / 1_000_000
        opened = max(round(last + gap / 4, 2), 5.0)
        high, low = opened + up / 4, max(opened - down / 4, 4.0)
        return Row(opened, high, low, min(max(opened + close / 4, low), high), volume)

    @rule(symbol=st.sampled_from(SYMBOLS), wish=WISHES)
    def an_order_is_given(self, symbol, wish):
        act(self.strategy.ctx, symbol, wish, self.venue)
        self.auditor.settle(self.simulation)


TestAccount = Account.TestCase
TestAccount.settings = settings(max_examples=max(40, settings().max_examples // 2), stateful_step_count=40)


# --- what the auditor would notice


def objection(change: Callable[[Auditor], None], forge: Callable[[list[object], int], None] = lambda *_: None) -> set[str]:
    """What an auditor says over some runs when ``change`` was done to what it knows, or ``forge`` to what it reads of a slice."""
    said = set()
    for number in range(12):
        dice = Random(f"objection {number}")  # noqa: S311 - repeatable, not secret
        world = drawn_world(dice)
        simulation = assembled(world, Gambler(dice, world.config["broker"]["name"]))
        watching = auditor(world, simulation)
        change(watching)
        try:
            audited(world, simulation, watching, forge)
        except AssertionError as error:
            said.add(str(error).partition("\n")[0])
    return said


def audited(world: World, simulation: Simulation, watching: Auditor, forge: Callable[[list[object], int], None]) -> None:
    def look(_: int) -> None:
        forge(simulation.journal.events, watching.seen)
        watching.after_slice(simulation)

    with simulation.broker:
        simulation.engine.start(world.times[0])
        simulation.driver.run(look)


def on_bars(**fields: Callable[[Quoted], object]) -> Callable[[Auditor], None]:
    """Bars that were otherwise."""

    def change(watching: Auditor) -> None:
        known = watching.bar

        def other(symbol: str, time: int) -> Quoted | None:
            bar = known(symbol, time)
            return bar and bar._replace(**{name: value(bar) for name, value in fields.items()})

        watching.bar = other

    return change


def on_terms(**fields: object) -> Callable[[Auditor], None]:
    """Rules that were otherwise."""

    def change(watching: Auditor) -> None:
        watching.terms = replace(watching.terms, **fields)
        watching.cash = watching.terms.cash

    return change


def on_orders(alter: Callable[[Auditor, Watched], None]) -> Callable[[Auditor], None]:
    """Orders that were otherwise."""

    def change(watching: Auditor) -> None:
        known = watching.on_order

        def other(order: Order, bars: Mapping[str, Quoted]) -> None:
            known(order, bars)
            alter(watching, watching.orders[order.order_id])

        watching.on_order = other

    return change


def beyond(name: str, away: float) -> Callable[[Auditor], None]:
    """A limit or a stop that is further away from the market than it was: by a fraction of the price, up for a sale."""

    def alter(_: Auditor, one: Watched) -> None:
        price = getattr(one.terms, name)
        if price is not None:
            one.terms = one.terms._replace(**{name: int(price * (1 - one.order.side.sign * away))})

    return on_orders(alter)


def one_of_nothing(watching: Auditor, one: Watched) -> None:
    watching.groups[one.order.order_id] = watching.asked[one.order.order_id] = 0


OTHERWISE = {
    "a price outside of the bar": on_bars(high=lambda bar: bar.close, low=lambda bar: bar.close),
    "a fill without volume": on_bars(volume=lambda _: 0.0),
    "more than the share of the bar's volume": on_terms(share=0.001),
    "a short position where there are none": on_terms(shorting=False),
    "cash": on_terms(cash=1_000_000),
    "worse than the limit": beyond("limit_micros", 0.5),
    "a stop filled before it was triggered": beyond("stop_micros", -0.5),
    "both of a pair have filled": on_orders(one_of_nothing),
    "a fill outside of the order's session": on_terms(sessions=defaultdict(int), ends=frozenset(daily(200))),
}


@pytest.mark.parametrize(("words", "change"), OTHERWISE.items(), ids=list(OTHERWISE))
def test_an_auditor_who_was_told_otherwise_objects(words, change):
    assert words in objection(change)


def forged(change: Callable[[list[object], int], None]) -> Callable[[list[object], int], None]:
    """Does it to the first fill of a slice."""

    def forge(events: list[object], seen: int) -> None:
        found = next((index for index in range(seen, len(events)) if getattr(events[index], "fill", None) is not None), None)
        if found is not None:
            change(events, found)

    return forge


def with_fill(**fields: int) -> Callable[[list[object], int], None]:
    def change(events: list[object], index: int) -> None:
        fill = events[index].fill
        events[index] = replace(events[index], fill=replace(fill, **{name: getattr(fill, name) + more for name, more in fields.items()}))

    return forged(change)


def canceled_first(events: list[object], index: int) -> None:
    events.insert(index, replace(events[index], status=OrderStatus.CANCELED, fill=None))


def late(events: list[object], seen: int) -> None:
    """An update comes again, slices later."""
    events += [one for one in events[:seen] if isinstance(one, OrderUpdate)][:1]


FORGED = {
    "an execution was reported twice|filled -> ": forged(lambda events, index: events.insert(index, events[index])),
    "working orders|the state of an order|what an order has filled|filled with|a short position": forged(
        lambda events, index: events.pop(index)
    ),
    "canceled -> ": forged(canceled_first),
    "what an order has cost|slippage|worse than the limit": with_fill(price_micros=1),
    "slippage|a price outside": with_fill(reference_micros=10_000_000),
    "what an order has cost": with_fill(fees_micros=1),
    "with -?[0-9]+ left|more was filled|what an order has filled|more than the share|cash that|a part of a lot": with_fill(
        quantity_micros=1_000_000
    ),
    "an update of another time": late,
}


@pytest.mark.parametrize(("words", "forge"), FORGED.items(), ids=list(FORGED))
def test_an_auditor_who_reads_a_forged_journal_objects(words, forge):
    said = objection(lambda _: None, forge)
    assert len(said) > 0
    assert all(re.search(words, one) for one in said), said


def test_an_auditor_who_knows_all_and_reads_all_has_nothing_to_say():
    assert objection(lambda _: None) == set()
