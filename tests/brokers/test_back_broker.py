"""backtrader's own BackBroker as an independent oracle: plain orders over real prices fill at the same times, sizes and prices."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from data import DataRequest, load
from tests.builders import play

KINDS = {"market": bt.Order.Market, "limit": bt.Order.Limit, "stop_loss": bt.Order.Stop}


class Plan(NamedTuple):
    """One order: made after ``bar``, at ``price`` unless it is a market order."""

    bar: int
    side: str
    size: int
    kind: str
    price: float


def plans(series, seed):
    """An order every few bars; limits and stops start on their side of the market, some near and some too far to be reached soon.

    A large position is bought first: an exit that outlives its position is canceled here, and opens the opposite one at backtrader.
    """
    rng = np.random.default_rng(seed)
    yield Plan(0, "buy", 50_000, "market", 0.0)
    for bar in range(5, len(series) - 1, 6):
        side, kind = rng.choice(["buy", "sell"]), rng.choice(list(KINDS))
        away = {"market": 0, "limit": -1, "stop_loss": 1}[kind] * (1 if side == "buy" else -1)
        price = round(float(series.close[bar]) * (1 + away * rng.uniform(0.002, 0.06)), 2)
        yield Plan(bar, str(side), int(rng.integers(1, 200)), str(kind), price)


class Stock(bt.Strategy):
    """Places the plans with backtrader's own means and keeps what its broker filled."""

    params = (("plans", ()), ("filled", None))

    def next(self):
        for plan in self.p.plans:
            if plan.bar == len(self) - 1:
                price = None if plan.kind == "market" else plan.price
                getattr(self, plan.side)(size=plan.size, exectype=KINDS[plan.kind], price=price)

    def notify_order(self, order):
        if order.status == order.Completed:
            self.p.filled.append((bt.num2date(order.executed.dt).date(), order.executed.size, order.executed.price))


def stock_fills(series, orders):
    frame = pd.DataFrame({name: getattr(series, name) for name in ("open", "high", "low", "close", "volume")})
    frame.index = pd.to_datetime(series.timestamp)
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.set_cash(1e9)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    filled = []
    cerebro.addstrategy(Stock, plans=orders, filled=filled)
    cerebro.run()
    return filled


def our_fills(series, orders):
    by_bar = {plan.bar: plan for plan in orders}

    def place(plan):
        prices = {"limit": {"limit_price": plan.price}, "stop_loss": {"stop_price": plan.price}}.get(plan.kind, {})
        return lambda ctx: getattr(ctx, plan.side)(series.symbol, plan.size, plan.kind, **prices)

    played = play({bar: place(plan) for bar, plan in by_bar.items()}, series, account={"cash": 1e9})
    assert not played.refusals
    return [
        (datetime.fromtimestamp(fill.timestamp / 1e9, tz=UTC).date(), fill.side.sign * float(fill.quantity), float(fill.price))
        for fill in played.simulation.journal.fills
    ]


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG", "IBM", "MSFT"])
def test_plain_orders_fill_as_at_backtraders_own_broker(symbol):
    request = DataRequest(symbols=(symbol,), source="sample", start=date(2007, 1, 3), end=date(2009, 12, 31), warmup=0)
    series = load(request).series[symbol]
    orders = list(plans(series, seed=len(symbol) * ord(symbol[0])))
    ours, stock = our_fills(series, orders), stock_fills(series, orders)
    assert len(ours) > 80
    assert {kind: sum(plan.kind == kind for plan in orders) > 20 for kind in KINDS} == dict.fromkeys(KINDS, True)
    # Its float prices against ours in micro-dollars; orders of one bar may be listed in another sequence.
    for (day, size, price), (their_day, their_size, their_price) in zip(sorted(ours), sorted(stock), strict=True):
        assert (day, size) == (their_day, their_size)
        assert price == pytest.approx(their_price, abs=1e-6)
