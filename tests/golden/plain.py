"""The run of onetape.toml once more, from raw prices to fills, in plain Python: no numpy, nothing of the framework.

Written from the documents, not from the code: 126-day momentum every 21 bars, the three best risers held; entries of 0.5 % of equity at
risk (95 % one-day VaR of 252 daily returns), 10 % of equity at most, all together 2 % at risk; a stop 2 ATR (Wilder, 14 days) below
each entry; decisions act at the next open, a stop at its level or at an open below it; 2 basis points of slippage, the regulators' fees on
sales as Robinhood passes them on.

Circuit breakers: no entries at the close of a day that lost 2 % of the equity of the day before, nor of a day on which a sixth losing trade
in a row ended; none any more after a fall of 20 % from the peak; entries of a quarter after twelve losing trades in a row, until two won.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import bokeh_sampledata.stocks as sample

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
ACTIONS = Path(__file__).parents[2] / "data" / "sample_actions.csv"
START, END, WARMUP = "2005-01-03", "2012-12-31", 252
LOOKBACK, REBALANCE, TOP = 126, 21, 3
CASH = 100_000 * 10**6
SLIPPAGE = 0.0002
DAILY_LOSS, DRAWDOWN = 0.02, 0.20
LOSSES_IN_A_ROW, STREAK, RECOVERY, CUT = 6, 12, 2, 0.25
#: The SEC's fee, dollars per million dollars sold, and FINRA's trading activity fee, dollars a share sold; each from its date on.
SEC_FEE = (
    "2004-04-01 23.40, 2005-01-07 32.90, 2005-04-01 41.80, 2005-12-22 30.70, 2007-03-17 15.30, 2008-01-25 11.00, 2008-04-01 5.60, "
    "2009-04-10 25.70, 2010-01-15 12.70, 2010-04-01 16.90, 2011-01-21 19.20, 2012-02-21 18.00, 2012-04-01 22.40"
)
ACTIVITY_FEE = "2004-11-01 0.000075, 2011-07-01 0.000090, 2012-03-01 0.000095, 2012-07-01 0.000119"


class Day(NamedTuple):
    """A bar as it was quoted; dollars. ``split`` new shares came for one before its open."""

    open: float
    high: float
    low: float
    close: float
    dividend: float
    split: float


class Fill(NamedTuple):
    """Shares signed; price and fees in micro-dollars."""

    date: str
    symbol: str
    shares: int
    price: int
    fees: int


class Stop(NamedTuple):
    """Level in micro-dollars."""

    date: str
    symbol: str
    shares: int
    level: int


def history(symbol: str) -> dict[str, Day]:
    """Bars by date, from 252 bars before the start to the end, in the shares of their day."""
    raw = getattr(sample, symbol)
    with ACTIONS.open(encoding="utf-8") as file:
        actions = [row for row in csv.DictReader(file) if row["symbol"] == symbol]
    splits = {row["ex_date"]: float(row["value"]) for row in actions if row["kind"] == "split"}
    dividends = {row["ex_date"]: float(row["value"]) for row in actions if row["kind"] == "dividend"}
    first = max(next(index for index, day in enumerate(raw["date"]) if day >= START) - WARMUP, 0)
    days = {}
    for index in range(first, len(raw["date"])):
        date = raw["date"][index]
        prices = (raw[name][index] for name in ("open", "high", "low", "close"))
        if date <= END:
            days[date] = Day(*prices, dividends.get(date, 0.0), splits.get(date, 1.0))
    return days


def growth(before: Day, now: Day) -> float:
    """What one dollar of the day before has become, splits and dividends included."""
    return (now.close + now.dividend) * now.split / before.close


def rate_on(date: str, table: str) -> Fraction:
    """The last rate of a table that begins on the date or before it."""
    return [Fraction(rate) for first, rate in (row.split() for row in table.split(", ")) if first <= date][-1]


def fees_of_sale(date: str, shares: int, price: int) -> int:
    """Micro-dollars; each fee is rounded up to the cent. The first is waived up to 500 dollars, the second up to 50 shares."""
    proceeds = Fraction(shares * price, 10**6)
    sec = math.ceil(proceeds * rate_on(date, SEC_FEE) / 10**6 * 100) if proceeds > 500 else 0
    activity = math.ceil(shares * rate_on(date, ACTIVITY_FEE) * 100) if shares > 50 else 0
    return (sec + activity) * 10_000


def micros(price: float) -> int:
    return round(price * 10**6)


def value_at_risk(days: list[Day]) -> float:
    """Loss exceeded on one day in twenty: the 5 % quantile of total returns, linear between observations."""
    returns = sorted(growth(before, now) - 1 for before, now in pairwise(days))
    rank = 0.05 * (len(returns) - 1)
    below, part = int(rank), rank % 1
    return -(returns[below] * (1 - part) + returns[below + 1] * part)


def average_true_range(days: list[Day]) -> float:
    """Wilder, 14 days, started 140 days ago; a day counts in the shares of the last."""
    ranges = []
    for number, (before, now) in list(enumerate(pairwise(days), start=2))[-140:]:
        close, later = before.close / now.split, math.prod(day.split for day in days[number:])
        ranges.append(max(now.high - now.low, abs(now.high - close), abs(now.low - close)) / later)
    average = sum(ranges[:14]) / 14
    for value in ranges[14:]:
        average = (13 * average + value) / 14
    return average


def risen(days: dict[str, Day], then: str, now: str) -> float:
    """Change of the price from one date to another, dividends apart."""
    return days[now].close * math.prod(day.split for date, day in days.items() if then < date <= now) / days[then].close - 1


def selections(histories: dict[str, dict[str, Day]]) -> dict[str, dict[str, int]]:
    """What momentum holds (1) and does not (0), by date of selection, from the start on."""
    timeline = sorted({date for days in histories.values() for date in days})
    found = {}
    for row in range(LOOKBACK, len(timeline), REBALANCE):
        now, then = timeline[row], timeline[row - LOOKBACK]
        gains = {symbol: risen(days, then, now) for symbol, days in histories.items() if now in days and then in days}
        best = sorted((symbol for symbol in gains if gains[symbol] > 0), key=lambda symbol: (-gains[symbol], symbol))[:TOP]
        if now >= START:
            found[now] = {symbol: int(symbol in best) for symbol, days in histories.items() if now in days}
    return found


@dataclass
class Breakers:
    """What the results of days and trades allow; money in micro-dollars."""

    last: int = CASH
    peak: int = CASH
    losses: int = 0
    wins: int = 0
    is_cut: bool = False
    too_many_losses: bool = False
    stopped: bool = False
    trips: list[tuple[str, str]] = field(default_factory=list)

    def trade(self, date: str, earned: int) -> None:
        """A trade ended."""
        if earned < 0:
            self.losses, self.wins = self.losses + 1, 0
            self.is_cut |= self.losses >= STREAK
            if self.losses >= LOSSES_IN_A_ROW and not self.too_many_losses:
                self.too_many_losses = True
                self.trips.append((date, "consecutive_losses"))
        elif earned > 0:
            self.losses, self.wins = 0, self.wins + 1
            self.is_cut &= self.wins < RECOVERY

    def close(self, date: str, equity: int) -> bool:
        """A day ended with ``equity``; returns whether its close may decide entries."""
        self.peak = max(self.peak, equity)
        lost_today = self.last - equity >= DAILY_LOSS * self.last
        if lost_today:
            self.trips.append((date, "daily_loss"))
        if self.peak - equity >= DRAWDOWN * self.peak and not self.stopped:
            self.stopped = True
            self.trips.append((date, "drawdown"))
        allowed = not (lost_today or self.too_many_losses or self.stopped)
        self.last, self.too_many_losses = equity, False
        return allowed


@dataclass
class PlainRun:
    """Plays all days; what happened is in ``fills``, ``stops`` and ``equity``."""

    histories: dict[str, dict[str, Day]] = field(default_factory=lambda: {symbol: history(symbol) for symbol in SYMBOLS})
    cash: int = CASH
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SYMBOLS, 0))
    levels: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, tuple[int, float]] = field(default_factory=dict)
    signal: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SYMBOLS, 0))
    fills: list[Fill] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    equity: dict[str, int] = field(default_factory=dict)
    breakers: Breakers = field(default_factory=Breakers)
    paid: dict[str, float] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    def play(self) -> PlainRun:
        chosen = selections(self.histories)
        for date in sorted({date for days in self.histories.values() for date in days if date >= START}):
            for symbol in SYMBOLS:
                if date in self.histories[symbol]:
                    self.split(symbol, self.histories[symbol][date].split)
                    self.cash += self.held[symbol] * micros(self.histories[symbol][date].dividend)
                    self.trade(date, symbol, self.histories[symbol][date])
            self.equity[date] = self.cash + sum(self.value(symbol, date) for symbol in SYMBOLS)
            self.decide(date, chosen.get(date, {}), may_enter=self.breakers.close(date, self.equity[date]))
        return self

    def value(self, symbol: str, date: str) -> int:
        return self.held[symbol] * micros(self.histories[symbol][date].close) if self.held[symbol] else 0

    def split(self, symbol: str, ratio: float) -> None:
        """More shares, at a stop level divided and put on the cent below."""
        if ratio != 1 and self.held[symbol]:
            assert ratio == 2
            assert symbol not in self.waiting
            self.held[symbol] *= 2
            self.levels[symbol] = self.levels[symbol] // 2 // 10_000 * 10_000
            self.paid[symbol] /= 2

    def trade(self, date: str, symbol: str, day: Day) -> None:
        shares, distance = self.waiting.pop(symbol, (0, 0.0))
        if shares:
            price = self.fill(date, symbol, shares, micros(day.open))
            if shares > 0:
                self.levels[symbol] = (price - micros(distance)) // 10_000 * 10_000
                self.stops.append(Stop(date, symbol, shares, self.levels[symbol]))
        level = self.levels.get(symbol, 0)
        if self.held[symbol] and micros(day.low) <= level:
            # In at this open: the market comes from there. Held before: a gap is not saved by its stop.
            self.fill(date, symbol, -self.held[symbol], min(level, micros(day.open)))

    def fill(self, date: str, symbol: str, shares: int, price: int) -> int:
        """Slippage is rounded up, against us."""
        slipped = price + math.copysign(1, shares) * math.ceil(round(price * SLIPPAGE, 6))
        fees = fees_of_sale(date, -shares, int(slipped)) if shares < 0 else 0
        self.cash -= shares * int(slipped) + fees
        self.held[symbol] += shares
        self.fills.append(Fill(date, symbol, shares, int(slipped), fees))
        if self.held[symbol]:
            self.paid[symbol] = int(slipped)
        else:
            self.levels.pop(symbol, None)
            self.breakers.trade(date, -shares * (int(slipped) - self.paid[symbol]) - fees)
        return int(slipped)

    def decide(self, date: str, chosen: dict[str, int], *, may_enter: bool) -> None:
        changed = {symbol: wanted for symbol, wanted in chosen.items() if wanted != self.signal[symbol]}
        self.signal.update(chosen)
        budget = 0.02 * self.equity[date] - sum(
            self.value(symbol, date) * self.risk(symbol, date) for symbol in SYMBOLS if self.held[symbol]
        )
        for symbol, wanted in sorted(changed.items()):
            if wanted:
                budget -= self.enter(date, symbol, budget, may_enter=may_enter)
            elif self.held[symbol]:
                self.waiting[symbol] = (-self.held[symbol], 0.0)
                self.levels.pop(symbol)

    def enter(self, date: str, symbol: str, budget: float, *, may_enter: bool) -> float:
        """Order as many shares as the risk allows; returns the micro-dollars of VaR they take from the budget."""
        risk, price = self.risk(symbol, date), micros(self.histories[symbol][date].close)
        wanted = min(0.005 * self.equity[date] / risk, 0.10 * self.equity[date])
        allowed = min(wanted, max(budget, 0.0) / risk)
        self.refused["var_budget"] += allowed < wanted
        self.refused["guard_reducing"] += not may_enter
        shares = int(allowed * (CUT if self.breakers.is_cut else 1) // price)
        if may_enter:
            self.waiting[symbol] = (shares, 2 * average_true_range(self.past(symbol, date)))
        return allowed * risk

    def risk(self, symbol: str, date: str) -> float:
        return value_at_risk(self.past(symbol, date)[-253:])

    def past(self, symbol: str, date: str) -> list[Day]:
        return [day for when, day in self.histories[symbol].items() if when <= date]
