"""What a run reports, worked out again from its fills and the bars alone, a share and a dollar at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from fractions import Fraction
from math import prod, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import Dataset
from data.calendar import session_closes
from framework.app.backtest.run import play
from framework.app.compare.compare import facts_of_run
from framework.domain.account_event import CashInLieu, Delisted, Dividend, Entitlement, Interest, Split
from framework.domain.fill import Fill
from framework.domain.market import Delisting
from framework.domain.order_update import OrderUpdate
from framework.domain.values import to_micros
from framework.engine.market import session_number
from framework.report.divergence import divergence
from framework.report.summary import summarize
from framework.runtime.clock import Stopwatch
from framework.runtime.config import Config
from framework.runtime.tape.recording import write_tape
from tests.builders import MINUTE, PLAIN, daily
from tests.campaigns import size
from tests.properties.worlds import Programmed, World, configs, worlds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framework.domain.market import BarSeries
    from framework.domain.record import RunRecord

#: Sessions around the change of the clocks on 2012-03-11.
DAYS = [date(2012, 3, day) for day in (8, 9, 12, 13, 14, 15)]
#: Dollars by which each position's value and each event may be rounded.
CENT_OF_A_CENT = 1e-4


def recorded(world: World) -> RunRecord:
    sections = {name: {**PLAIN.get(name, {}), **value} for name, value in world.config.items()}
    by_symbol = {one.symbol: one for one in world.series}
    config = Config.model_validate({**PLAIN, **sections, "universe": {"symbols": list(by_symbol)}})
    first = min(int(one.timestamp[0]) for one in world.series)
    return play(config, Programmed(world.program), Dataset(by_symbol, first, (), {}), Stopwatch())


def in_sessions(one: BarSeries) -> BarSeries:
    """Three bars a session where there was one a day, from the Thursday before the clocks change on; what issuers do comes at the open."""
    numbers = np.searchsorted(daily(30), one.timestamp)
    opened = [session_closes(day, day).open[0] for day in DAYS]
    times = np.array([opened[number // 3] + (number % 3 + 1) * 130 * MINUTE for number in numbers.tolist()], dtype=np.int64)
    rows = range(len(one))
    first = np.array([row == 0 or session_number(int(times[row])) != session_number(int(times[row - 1])) for row in rows])
    quoted_in = np.array([prod(one.split[row + 1 :]) for row in rows])
    split = np.where(first, one.split, 1.0)
    kept = np.array([prod(split[row + 1 :]) for row in rows]) / quoted_in
    prices = {name: getattr(one, name) / kept for name in ("open", "high", "low", "close")}
    return replace(
        one,
        timestamp=times,
        **prices,
        volume=one.volume * kept,
        dividend=np.where(first, one.dividend / kept, 0.0),
        split=split,
        pay_day=None,
    )


@st.composite
def any_worlds(draw: st.DrawFn) -> World:
    """A world of days or of parts of sessions, in which a symbol may cease to exist on the day after its last bar, or later."""
    world = draw(worlds())
    if draw(st.booleans()):
        config = {**world.config, "data": {"resolution": "130m"}}
        world = replace(world, series=tuple(map(in_sessions, world.series)), config=config)

    def ended(one: BarSeries) -> BarSeries:
        day = session_number(int(one.timestamp[-1])) + draw(st.integers(1, 4))
        return replace(one, delisting=Delisting(day, draw(st.sampled_from([0.0, 80.25]))))

    series = [ended(one) if draw(st.booleans()) else one for one in world.series]
    return replace(world, series=tuple(series))


def quoted(series: BarSeries, timestamp: int) -> Fraction:
    """The last close by then, as it was quoted on its day, then in the shares of ``timestamp``."""
    index = int(np.searchsorted(series.timestamp, timestamp, side="right")) - 1
    return Fraction(to_micros(float(series.close[index] * prod(series.split[index + 1 :]))), 1_000_000)


def happened(record: RunRecord) -> Iterator[object]:
    for event in record.events:
        if isinstance(event, OrderUpdate) and event.fill is not None:
            yield event.fill
        elif not isinstance(event, OrderUpdate) and type(event) in (CashInLieu, Delisted, Dividend, Entitlement, Interest, Split):
            yield event


class Purse:
    """Cash, what is owed, shares, and what each symbol has brought in, in exact dollars."""

    def __init__(self, cash: float) -> None:
        self.cash, self.owed = Fraction(cash), Fraction(0)
        self.shares: defaultdict[str, Fraction] = defaultdict(Fraction)
        self.trip: defaultdict[str, Fraction] = defaultdict(Fraction)
        self.closed: list[tuple[str, Fraction]] = []
        self.fees = self.slipped = self.traded = Fraction(0)

    def take(self, event: object) -> None:
        amount = Fraction(getattr(event, "amount_micros", 0), 1_000_000)
        match event:
            case Fill():
                self._fill(event)
            case Split():
                self.shares[event.symbol] = Fraction(event.held_micros, 1_000_000)
            case CashInLieu() | Delisted():
                self.cash += amount
                self.trip[event.symbol] += amount
                if isinstance(event, Delisted):
                    self.shares[event.symbol] = Fraction(0)
                self._settle(event.symbol)
            case Entitlement():
                self.owed += amount
                self.trip[event.symbol] += amount
            case Dividend():
                self.owed -= amount
                self.cash += amount
            case Interest():
                self.cash += amount

    def _fill(self, fill: Fill) -> None:
        quantity, price, reference, fees = (
            Fraction(one, 1_000_000) for one in (fill.quantity_micros, fill.price_micros, fill.reference_micros, fill.fees_micros)
        )
        sign = fill.side.sign
        self.cash -= sign * quantity * price + fees
        self.fees += fees
        self.traded += quantity * price
        self.slipped += sign * quantity * (price - reference)
        held = self.shares[fill.symbol]
        closing = min(quantity, abs(held)) if held * sign < 0 else Fraction(0)
        for part in filter(None, (closing, quantity - closing)):
            self.shares[fill.symbol] += sign * part
            self.trip[fill.symbol] -= sign * part * price + fees * part / quantity
            self._settle(fill.symbol)

    def _settle(self, symbol: str) -> None:
        if not self.shares[symbol]:
            self.closed.append((symbol, self.trip.pop(symbol)))


@given(any_worlds())
def test_equity_exposure_and_costs_are_what_the_fills_and_the_closes_give(world):
    record = recorded(world)
    purse, series = Purse(record.initial_cash), record.series
    events = list(happened(record))
    slack = CENT_OF_A_CENT + 1e-5 * len(events)
    for row, timestamp in enumerate(record.timestamps.tolist()):
        while events and events[0].timestamp <= timestamp:
            purse.take(events.pop(0))
        values = [quantity * quoted(series[symbol], timestamp) for symbol, quantity in purse.shares.items() if quantity]
        equity = float(purse.cash + purse.owed + sum(values))
        assert record.cash[row] == pytest.approx(float(purse.cash), abs=slack)
        assert record.equity[row] == pytest.approx(equity, abs=slack)
        if equity > 0:
            assert record.exposure[row] == pytest.approx(float(sum(map(abs, values))) / equity, abs=1e-8)
    assert not events
    assert record.fees == pytest.approx(float(purse.fees), abs=slack)
    assert record.slippage_cost == pytest.approx(float(purse.slipped), abs=slack)
    assert record.traded_value == pytest.approx(float(purse.traded), abs=slack)


@given(any_worlds())
def test_trades_what_is_open_and_interest_add_up_to_what_equity_gained(world):
    record = recorded(world)
    purse = Purse(record.initial_cash)
    for event in happened(record):
        purse.take(event)
    assert [one.symbol for one in record.trades] == [symbol for symbol, _ in purse.closed]
    assert [one.pnl for one in record.trades] == pytest.approx([float(pnl) for _, pnl in purse.closed], abs=CENT_OF_A_CENT)
    last = int(record.timestamps[-1])
    opened = sum(float(purse.trip[symbol] + held * quoted(record.series[symbol], last)) for symbol, held in purse.shares.items() if held)
    figures = summarize(record)
    gained = sum(one.pnl for one in record.trades) + opened - figures["interest"]
    assert record.equity[-1] - record.initial_cash == pytest.approx(gained, abs=1e-2)


def under_water(days: list[date], equity: list[float], high: float) -> tuple[float, int]:
    """The deepest fall below the highest point so far, and the most calendar days from such a point to the next as high."""
    deepest, longest, since, was_below = 0.0, 0, days[0], False
    for day, value in zip(days, equity, strict=True):
        deepest = min(deepest, value / high - 1)
        if value < high or was_below:
            longest = max(longest, (day - since).days)
        was_below = value < high
        if not was_below:
            high, since = value, day
    return deepest, longest


@given(any_worlds())
def test_the_figures_of_the_summary_are_those_of_a_series_of_closes(world):
    record = recorded(world)
    figures = summarize(record)
    days = [pd.Timestamp(one, tz="UTC").tz_convert("America/New_York").date() for one in record.timestamps]
    assert (figures["start"], figures["end"]) == (str(days[0]), str(days[-1]))
    closes = pd.Series(record.equity, index=pd.DatetimeIndex(days)).groupby(level=0).last()
    if days.count(days[0]) > 1:  # the first session of days ends with the first decision, before anything could be traded
        closes = pd.concat([pd.Series([record.initial_cash], index=[pd.Timestamp("2000-01-01")]), closes])
    returns = closes.pct_change().dropna()
    if (closes <= 0).any() or len(returns) < 2 or returns.std() < 1e-9:
        return
    growth = closes.iloc[-1] / record.initial_cash
    assert figures["total_return"] == pytest.approx(growth - 1)
    assert figures["cagr"] == pytest.approx(growth ** (252 / len(returns)) - 1)
    assert figures["volatility"] == pytest.approx(returns.std() * sqrt(252))
    assert figures["sharpe"] == pytest.approx(returns.mean() / returns.std() * sqrt(252))
    deepest, longest = under_water(days, record.equity.tolist(), record.initial_cash)
    assert figures["max_drawdown"] == pytest.approx(deepest)
    assert figures["calmar"] == (pytest.approx(figures["cagr"] / -deepest) if deepest else None)
    assert figures["max_drawdown_days"] == longest
    pnl = [one.pnl for one in record.trades]
    assert figures["win_rate"] == (pytest.approx(sum(one > 0 for one in pnl) / len(pnl)) if pnl else None)
    assert figures["expectancy"] == (pytest.approx(sum(pnl) / len(pnl)) if pnl else None)
    years = (days[-1] - days[0]).days / 365.25
    assert figures["turnover"] == (pytest.approx(record.traded_value / record.equity.mean() / years) if years else None)


@given(any_worlds())
def test_buy_and_hold_is_bought_at_each_symbols_first_open(world):
    record = recorded(world)
    total = np.zeros(len(record.timestamps))
    for one in record.series.values():
        cash, shares, rows = Fraction(record.initial_cash) / len(record.series), Fraction(0), list(one.timestamp)
        for row, timestamp in enumerate(record.timestamps.tolist()):
            if one.delisting is not None and session_number(timestamp) >= one.delisting.day and shares:
                cash, shares = cash + shares * Fraction(one.delisting.payout), Fraction(0)
            if timestamp in rows:
                index = rows.index(timestamp)
                if index:
                    cash += shares * Fraction(one.dividend[index])
                else:
                    cash, shares = Fraction(0), cash / Fraction(one.open[0])
            closes = one.close[: int(np.searchsorted(one.timestamp, timestamp, "right"))]
            total[row] += float(cash + (shares * Fraction(closes[-1]) if shares else 0))
    assert record.benchmark == pytest.approx(total, rel=1e-9)


@pytest.mark.campaign
def test_what_two_runs_earned_apart_is_explained_to_a_few_micro_dollars(tmp_path_factory):
    @settings(max_examples=size(60, 2_000))
    @given(any_worlds(), configs())
    def compare(world, other):
        changed = {**other, **({"data": world.config["data"]} if "data" in world.config else {})}
        facts = []
        for name, played in (("one", world), ("other", replace(world, config=changed))):
            folder = tmp_path_factory.mktemp(name)
            record = recorded(played)
            write_tape(record, folder / "tape.db")
            facts.append((record, facts_of_run(folder)))
        found = divergence(*(one for _, one in facts))
        fills = sum(len(record.fills) for record, _ in facts)
        assert found.total == sum(sum(amounts.values()) for amounts in found.components.values())
        assert abs(found.components["rounding"].get("", 0)) <= 2 + 2 * fills
        assert found.total / 1e6 == pytest.approx(facts[0][0].equity[-1] - facts[1][0].equity[-1], abs=1e-6)

    compare()
