"""Finished runs for the tests: seeded random prices traded by a moving-average cross with stops, and the edges of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from framework.domain.account_event import AccountEvent, Dividend, Entitlement
from framework.domain.fill import Fill, Refusal
from framework.domain.market import BarSeries
from framework.domain.order import Order, OrderRole, OrderSide, OrderStatus, OrderType, StateChange
from framework.domain.record import RunRecord
from framework.domain.values import MICRO, notional, to_micros
from framework.report.trades import round_trips
from framework.rules.guards.state import TradingState, Transition

NAMES = ("AAPL", "IBM", "MSFT", "GOOG", "FB")
CASH = 100_000
NEW_YORK = ZoneInfo("America/New_York")


class Forecast(NamedTuple):
    """``Forecasts`` that are known."""

    var_1d: np.ndarray
    cvar_1d: np.ndarray
    joint_var_1d: np.ndarray
    joint_cvar_1d: np.ndarray


CODES = ("position_limit", "exposure_limit", "var_budget", "below_minimum_value", "insufficient_buying_power", "some_new_code")


def ns(day: date, at: time = time(16)) -> int:
    """New York wall-clock time as ns UTC."""
    return round(datetime.combine(day, at, NEW_YORK).astimezone(UTC).timestamp()) * 1_000_000_000


def daily_times(sessions: int, first: date = date(2005, 1, 3)) -> np.ndarray:
    days = (first + timedelta(days=offset) for offset in range(2 * sessions + 10))
    return np.array([ns(day) for day in days if day.weekday() < 5][:sessions], dtype=np.int64)


def minute_times(sessions: int, minutes: int = 60) -> np.ndarray:
    days = daily_times(sessions, date(2026, 7, 27)) - 390 * 60 * 1_000_000_000
    return (days[:, None] + np.arange(1, minutes + 1) * 60 * 1_000_000_000).ravel()


def prices(symbol: str, times: np.ndarray, rng: np.random.Generator, spread: float = 0.018) -> BarSeries:
    """A random walk with drift and changing volatility, 40 dollars on the first day."""
    volatility = spread * np.exp(0.5 * np.sin(np.linspace(0, 9, times.size)))
    close = 40 * np.exp(np.cumsum(rng.normal(0.0004, 1.0, times.size) * volatility))
    opening = np.append(40.0, close[:-1]) * np.exp(rng.normal(0, 0.3, times.size) * volatility)
    high = np.maximum(opening, close) * np.exp(np.abs(rng.normal(0, 0.4, times.size)) * volatility)
    low = np.minimum(opening, close) * np.exp(-np.abs(rng.normal(0, 0.4, times.size)) * volatility)
    dividend = np.where(np.arange(times.size) % 63 == 62, 0.1, 0.0)
    volume = rng.integers(1_000_000, 9_000_000, times.size).astype(np.float64)
    columns = (np.round(column, 2) for column in (opening, high, low, close))
    return BarSeries(symbol, times, *columns, volume, dividend, np.ones(times.size))


class Desk:
    """Trades one symbol after another and keeps cash and holdings by its own, simple arithmetic."""

    def __init__(self, times: np.ndarray) -> None:
        self.fills: list[Fill] = []
        self.orders: list[Order] = []
        self.account_events: list[AccountEvent] = []
        self.cash = np.zeros(times.size, dtype=np.int64)
        self.value = np.zeros(times.size)
        self.gross = np.zeros(times.size)

    def order(
        self, bars: BarSeries, row: int, side: OrderSide, quantity: int, *, stop: int | None = None, parent: str | None = None
    ) -> Order:
        number = len(self.orders) + 1
        order = Order(
            order_id=f"sma-{bars.symbol}-{number:05d}",
            symbol=bars.symbol,
            side=side,
            quantity_micros=quantity,
            order_type=OrderType.MARKET if stop is None else OrderType.STOP_LOSS,
            created_at=int(bars.timestamp[row]),
            stop_micros=stop,
            role=OrderRole.TARGET if stop is None else OrderRole.STOP,
            parent_id=parent,
            strategy="SmaCross",
            tag="cross" if stop is None else "stop",
        )
        self.change(order, row, bars, OrderStatus.SUBMITTED, "signal" if stop is None else "protects the entry")
        self.change(order, row, bars, OrderStatus.ACCEPTED, "")
        self.orders.append(order)
        return order

    @staticmethod
    def change(order: Order, row: int, bars: BarSeries, status: OrderStatus, reason: str) -> None:
        order.status = status
        order.changes.append(StateChange(int(bars.timestamp[row]), status, reason))

    def fill(self, order: Order, bars: BarSeries, row: int, price: float) -> None:
        reference = to_micros(price)
        paid = reference + order.side.sign * round(reference * 0.0002)
        fees = max(10_000, order.quantity_micros // 200)
        self.fills.append(
            Fill(
                execution_id=f"{order.order_id}-1",
                order_id=order.order_id,
                timestamp=int(bars.timestamp[row]),
                symbol=bars.symbol,
                side=order.side,
                quantity_micros=order.quantity_micros,
                price_micros=paid,
                reference_micros=reference,
                fees_micros=fees,
                tag=order.tag,
                strategy="SmaCross",
            )
        )
        self.cash[row:] -= order.side.sign * notional(order.quantity_micros, paid) + fees
        self.change(order, row, bars, OrderStatus.FILLED, "")

    def trade(self, bars: BarSeries, budget: float) -> None:
        """Long while the fast mean is above the slow one, short (in every third symbol) below it; a stop 6 % away."""
        close = bars.close
        means = [np.convolve(close, np.ones(n) / n, "full")[: close.size] for n in (10, 30)]
        held, stop, entry = 0, None, None
        shares = np.zeros(close.size)
        for row in range(31, close.size - 1):
            wanted = 1 if means[0][row] > means[1][row] else -1 if ord(bars.symbol[0]) % 3 == 0 else 0
            now = row + 1
            hit = stop is not None and held * (bars.low[now] if held > 0 else bars.high[now]) <= held * stop.stop_micros / MICRO
            crossed = wanted != np.sign(held) and (means[0][row] - means[1][row]) * (means[0][row - 1] - means[1][row - 1]) < 0
            if held and (hit or crossed):
                leaving = stop if hit else self.order(bars, row, entry.side.opposite, abs(held) * MICRO)
                price = bars.open[now] if not hit else float(np.clip(stop.stop_micros / MICRO, bars.low[now], bars.high[now]))
                self.fill(leaving, bars, now, price)
                if not hit:
                    self.change(stop, now, bars, OrderStatus.CANCELED, "position closed")
                held, stop = 0, None
            if wanted and not held and crossed:
                side = OrderSide.BUY if wanted > 0 else OrderSide.SELL
                quantity = int(budget / bars.open[now])
                entry = self.order(bars, row, side, quantity * MICRO)
                self.fill(entry, bars, now, bars.open[now])
                held = side.sign * quantity
                level = to_micros(round(bars.open[now] * (1 - 0.06 * side.sign), 2))
                stop = self.order(bars, now, side.opposite, quantity * MICRO, stop=level, parent=entry.order_id)
            if held and bars.dividend[now] and self.fills[-1].timestamp < bars.timestamp[now]:
                amount = round(held * bars.dividend[now] * MICRO)
                at, quantity = int(bars.timestamp[now]), held * MICRO
                self.account_events.append(Entitlement(at, bars.symbol, quantity, amount, 0))
                self.account_events.append(Dividend(at, bars.symbol, quantity, amount))
                self.cash[now:] += amount
            shares[now] = held
        self.value += shares * close
        self.gross += np.abs(shares) * close


def buy_and_hold(series: dict[str, BarSeries]) -> np.ndarray:
    each = CASH / len(series)
    return sum((each / bars.open[0] * (bars.close + np.cumsum(bars.dividend)) for bars in series.values()), np.zeros(1))


def make_record(times: np.ndarray, symbols: tuple[str, ...] = NAMES, *, seed: int = 7, spread: float = 0.018) -> RunRecord:
    """A finished run over ``times`` (ns UTC)."""
    rng = np.random.default_rng(seed)
    series = {symbol: prices(symbol, times, rng, spread) for symbol in symbols}
    desk = Desk(times)
    for bars in series.values():
        desk.trade(bars, 1.2 * CASH / len(symbols))
    fills = sorted(desk.fills, key=lambda fill: fill.timestamp)
    cash = CASH + desk.cash / MICRO
    equity = cash + desk.value
    exposure = desk.gross / equity
    wanted = rng.choice(len(CODES), times.size // 6, p=(0.45, 0.25, 0.15, 0.08, 0.05, 0.02)).tolist()
    refusals = [Refusal(int(times[row]), symbols[0], CODES[code], "too large", 0.12, 0.1) for row, code in enumerate(wanted)]
    traded = sum(abs(notional(fill.quantity_micros, fill.price_micros)) for fill in fills) / MICRO
    slippage = sum(abs(fill.price_micros - fill.reference_micros) * fill.quantity_micros for fill in fills) / MICRO**2
    return RunRecord(
        run_id="20260105T210000Z-backtest-SmaCross",
        mode="backtest",
        engine="backtrader",
        strategy="SmaCross",
        description="Long while the fast moving average is above the slow one.",
        params={"fast": 10, "slow": 30},
        symbols=symbols,
        bars=times.size * len(symbols),
        initial_cash=float(CASH),
        timestamps=times,
        equity=equity,
        cash=cash,
        exposure=exposure,
        forecasts=Forecast(
            *(np.where(np.arange(times.size) < 60, np.nan, exposure * tail * spread) for tail in (1.23375, 1.54725, 0.987, 1.2378))
        ),
        benchmark=buy_and_hold(series),
        series=series,
        fills=fills,
        orders=desk.orders,
        trades=round_trips(fills, desk.orders, desk.account_events, series),
        account_events=desk.account_events,
        refusals=refusals,
        fees=sum(fill.fees_micros for fill in fills) / MICRO,
        slippage_cost=slippage,
        traded_value=traded,
        warnings=("IBM: 3 bars lie far outside the range of their neighbors and were kept ([data] suspect_ticks).",),
        elapsed_seconds=1.23456,
        decisions_hash="5f" * 32,
        inputs_hash="a1" * 32,
        config_hash="3c" * 32,
        version="0.1.0",
        config_text='mode = "backtest"\n\n[strategy]\nclass = "strategies.sma_cross:SmaCross"\nparams = { fast = 10, slow = 30 }\n',
    )


def without_trades(record: RunRecord) -> RunRecord:
    """The same run had the strategy wanted nothing."""
    flat = np.full(record.timestamps.size, record.initial_cash)
    nothing = np.full(record.timestamps.size, np.nan)
    books = {"equity": flat, "cash": flat, "exposure": np.zeros(flat.size), "forecasts": Forecast(nothing, nothing, nothing, nothing)}
    facts = {"fills": (), "orders": (), "trades": (), "account_events": (), "refusals": (), "warnings": ()}
    return replace(record, **books, **facts, fees=0.0, slippage_cost=0.0, traded_value=0.0)


def guarded(record: RunRecord) -> RunRecord:
    """The same run with breakers that tripped: one session of reducing, a size cut, a halt that was never resumed, its cause twice."""
    active, reducing, halted = TradingState
    at = record.timestamps
    transitions = (
        Transition(int(at[50]), "daily_loss", active, reducing, 0.0231, 0.02),
        Transition(int(at[51]), "new_session", reducing, active, 1.0, 0.0),
        Transition(int(at[120]), "size_cut", active, active, 3.0, 3.0),
        Transition(int(at[200]), "drawdown", active, reducing, 0.2075, 0.2),
        Transition(int(at[230]), "operator_halt", reducing, halted, 0.0, 0.0),
    )
    return replace(record, events=transitions)


def cut(record: RunRecord, points: int) -> RunRecord:
    """The first points of the run's curves."""
    names = ("timestamps", "equity", "cash", "exposure", "benchmark")
    forecasts = forecast(record, **{name: getattr(record, name)[:points] for name in Forecast._fields})
    return replace(record, **{name: getattr(record, name)[:points] for name in names}, forecasts=forecasts)


def forecast(record: RunRecord, **changed: np.ndarray) -> Forecast:
    """The record's forecasts, some of them changed."""
    return Forecast(*(changed.get(name, getattr(record, name)) for name in Forecast._fields))


def edge_records() -> dict[str, RunRecord]:
    """Runs at the edges, by what is odd about them."""
    year = make_record(daily_times(260))
    one = without_trades(make_record(daily_times(1)))
    many = tuple(f"{first}{second}X" for first in "ABCDE" for second in "STUVWXYZ")
    ruined = np.where(np.arange(260) < 200, year.equity, 0.0)
    return {
        "no trades": without_trades(year),
        "no decision times": cut(one, 0),
        "one bar": one,
        "two bars": make_record(daily_times(2)),
        "VaR all NaN": replace(year, forecasts=forecast(year, var_1d=np.full(260, np.nan), cvar_1d=np.full(260, np.nan))),
        "joint VaR all NaN": replace(year, forecasts=forecast(year, joint_var_1d=np.full(260, np.nan), joint_cvar_1d=np.full(260, np.nan))),
        "guarded": guarded(year),
        "one symbol": make_record(daily_times(520), ("BRK.B",)),
        "forty symbols": make_record(daily_times(400), many),
        "intraday": make_record(minute_times(5), ("AAPL", "IBM"), spread=0.002),
        "wiped out": replace(year, equity=ruined),
        "no prices at hand": replace(year, series={}),
    }
