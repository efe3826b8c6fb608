"""The venue of ``compat = "backtrader"``, asked directly and with little cash: it fills and refuses what backtrader's broker does."""

from __future__ import annotations

import backtrader as bt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from framework.domain.order import Order, OrderSide, OrderStatus, OrderType
from framework.domain.values import to_micros
from framework.domain.venue import venue
from framework.engine.market import Market
from framework.rules import lifecycle, limits
from tests.brokers.backtrader.both import Heard, pandas_feed
from tests.brokers.backtrader.test_compat_fills import cents, markets, percents, sides
from tests.brokers.venues import DOOR, WIDE_OPEN, Listener
from tests.builders import bars, life, play, still

CASH = 5_000.0
KINDS = {
    "market": (OrderType.MARKET, bt.Order.Market),
    "limit": (OrderType.LIMIT, bt.Order.Limit),
    "stop": (OrderType.STOP_LOSS, bt.Order.Stop),
    "stop_limit": (OrderType.STOP_LIMIT, bt.Order.StopLimit),
}


def prices(kind, close, first, second):
    """(limit, stop) of an order made at ``close``."""
    if kind == "limit":
        return cents(close, first), None
    return (cents(close, second) if kind == "stop_limit" else None), None if kind == "market" else cents(close, first)


def here(series, program):
    """(symbol, signed size, price) of every fill at our venue, and what is left of the cash."""
    market = Market({one.symbol: one for one in series}, daily=True)
    broker = SimulatedBroker(market, venue("generic"), to_micros(CASH), FillModel(compat=True), lambda time: (time - 1, time))
    listener = Listener()
    broker.subscribe(listener)
    broker.connect()
    number = 0
    for time in sorted({int(time) for one in series for time in one.timestamp}):
        rows = [row for row, one in enumerate(market.series) if time in one.timestamp]
        for row in rows:
            market.cursor[row] += 1
        market.now = time
        market.on_bars(rows)
        broker.on_slice(rows)
        if min(market.cursor) < 0:
            continue
        number += 1
        for row, side, size, kind, first, second in program[number % len(program)]:
            chosen = market.series[row % len(series)]
            last = float(chosen.close[market.cursor[row % len(series)]])
            limit, stop = prices(kind, last, first, second)
            place(broker, chosen.symbol, OrderSide(side), size, KINDS[kind][0], limit, stop, time, last)
    fills = [update.fill for update in listener.updates if update.fill is not None]
    return [(one.symbol, one.side.sign * float(one.quantity), float(one.price)) for one in fills], float(broker.get_account().cash)


def place(broker, symbol, side, size, kind, limit, stop, time, last):
    order = Order(
        f"{len(broker._orders)}",
        symbol,
        side,
        size * 1_000_000,
        kind,
        time,
        limit_micros=None if limit is None else to_micros(limit),
        stop_micros=None if stop is None else to_micros(stop),
    )
    passed, _ = limits.check(order, WIDE_OPEN._replace(price=to_micros(last)), DOOR)
    lifecycle.change(passed.order, OrderStatus.SUBMITTED, 0)
    broker.place_order(passed)


class Placing(bt.Strategy):
    program = ()

    def next(self):
        for row, side, size, kind, first, second in self.program[len(self.seen()) % len(self.program)]:
            data = self.datas[row % len(self.datas)]
            limit, stop = prices(kind, data.close[0], first, second)
            price = limit if kind == "limit" else stop
            getattr(self, side)(data=data, size=size, exectype=KINDS[kind][1], price=price, plimit=limit if kind == "stop_limit" else None)

    def seen(self):
        self.count = [*getattr(self, "count", []), 0]
        return self.count


def there(series, program):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.set_cash(CASH)
    for one in series:
        cerebro.adddata(pandas_feed(one, bt.TimeFrame.Days, 1))
    cerebro.addanalyzer(Heard, _name="heard")
    cerebro.addstrategy(type("Drawn", (Placing,), {"program": program}))
    (strategy,) = cerebro.run()
    executions = strategy.analyzers.heard.executions
    return [(one.data, one.size, one.price) for one in executions], cerebro.broker.getcash(), strategy.analyzers.heard.endings


wishes = st.tuples(st.integers(0, 2), sides, st.integers(1, 45), st.sampled_from(sorted(KINDS)), percents, percents)
programs = st.lists(st.lists(wishes, max_size=3).map(tuple), min_size=2, max_size=8).map(tuple)


#: A price half as high again as the first, where a limit is measured by the last.
DEARER = (bars("A", [*still(100, 3), *still(160, 4)]),)


@given(markets(), programs)
@example(DEARER, (((0, "buy", 1, "limit", 0, 0),),))
def test_with_little_cash_it_fills_and_refuses_as_backtraders_broker(series, program):
    mine, cash = here(series, program)
    theirs, their_cash, _ = there(series, program)
    # In the order they happened: who is served first decides for whom the money lasts.
    assert mine == theirs
    assert cash == pytest.approx(their_cash, abs=1e-4)


BUY_45 = (0, "buy", 45, "market", 0, 0)


def test_the_money_does_run_out():
    """The property above would say little if every order could be paid."""
    series = (bars("A", [*still(100, 3), *still(120, 4)]),)
    program = ((BUY_45, BUY_45), (), (), (), (), (), ())
    mine, cash = here(series, (program[-1], *program))
    assert (mine, cash) == ([("A", 45.0, 100.0)], 500.0)
    _, _, endings = there(series, (program[-1], *program))
    assert [status for status, _ in endings] == ["Margin"]


def test_what_opens_is_refused_at_execution_and_what_closes_is_not():
    # Short 10 at 100; the buy of 59 at the open of 200 closes those and cannot pay for the other 49.
    series = (bars("A", [*still(100, 2), *still(200, 3)]),)
    program = ((), ((0, "sell", 10, "market", 0, 0),), ((0, "buy", 59, "market", 0, 0),), (), (), ())
    mine, cash = here(series, program)
    theirs, their_cash, _ = there(series, program)
    assert mine == theirs == [("A", -10.0, 100.0), ("A", 10.0, 200.0)]
    assert cash == their_cash == 4_000.0


# --- what native strategies have and backtrader has not

COMPAT = {"compat": "backtrader", "slippage": "none"}


def test_a_bracket_of_a_native_strategy_works_from_the_next_bar_on():
    rows = [*still(), (100, 106, 94, 100), (100, 100, 94, 95), *still(95)]
    played = play({0: lambda ctx: ctx.bracket("A", 10, take_profit=105, stop_loss=95)}, bars("A", rows), fills=COMPAT)
    assert played.fills == [(1, "A", 10.0, 100.0), (2, "A", -10.0, 95.0)]


def test_day_orders_end_with_their_session():
    rows = [*still(100, 3), (100, 100, 80, 100), *still()]
    played = play({0: lambda ctx: ctx.buy("A", 10, "limit", limit_price=90, time_in_force="day")}, bars("A", rows), fills=COMPAT)
    assert (played.fills, life(played.orders[0])[-1]) == ([], "expired")


def test_an_order_for_the_close_gets_it():
    rows = [*still(), (101, 103, 99, 102), *still()]
    played = play({0: lambda ctx: ctx.buy("A", 10, time_in_force="cls")}, bars("A", rows), fills=COMPAT)
    assert played.fills == [(1, "A", 10.0, 102.0)]


@pytest.mark.parametrize("force", ["ioc", "fok", "opg"])
def test_orders_of_one_moment_are_rejected_by_name(force):
    played = play({0: lambda ctx: ctx.buy("A", 10, time_in_force=force)}, bars("A", still(100, 3)), fills=COMPAT)
    assert played.fills == []
    assert played.orders[0].changes[-1].reason == f"backtrader's broker has no {force} orders"


def test_volume_is_not_asked():
    played = play({0: lambda ctx: ctx.buy("A", 10)}, bars("A", [*still(), (100, 100, 100, 100, 0)]), fills=COMPAT)
    assert played.fills == [(1, "A", 10.0, 100.0)]


def test_slippage_and_fees_of_the_config_are_charged():
    costs = {"slippage": {"model": "bps", "bps": 10}, "fees": {"per_order": 1.0}}
    played = play({0: lambda ctx: ctx.buy("A", 10)}, bars("A", still(100, 3)), fills={**COMPAT, **costs})
    assert played.fills == [(1, "A", 10.0, 100.1)]
    assert played.cash == 100_000 - 1_001 - 1


def test_a_trailing_stop_starts_at_the_last_close_and_follows_closes():
    rows = [*still(100, 2), (100, 110, 100, 106), (106, 106, 100.5, 104), (104, 104, 100, 101)]
    script = {0: lambda ctx: ctx.buy("A", 10), 1: lambda ctx: ctx.sell("A", 10, "trailing_stop", trail_amount=5, trail_type="amount")}
    played = play(script, bars("A", rows), fills=COMPAT)
    assert played.fills[-1] == (3, "A", -10.0, 101.0)


def test_an_exit_outlives_its_position():
    script = {
        0: lambda ctx: ctx.buy("A", 10),
        1: lambda ctx: (ctx.sell("A", 10, "stop_loss", stop_price=95), ctx.sell("A", 10)),
    }
    rows = [*still(100, 3), (100, 100, 94, 95), *still(95)]
    assert play(script, bars("A", rows), fills=COMPAT).fills[-1] == (3, "A", -10.0, 95.0)
    assert play(script, bars("A", rows)).fills[-1] == (2, "A", -10.0, 100.0)


def test_a_split_restates_what_works():
    from dataclasses import replace

    import numpy as np

    # In shares of the last day: 100 before the split is quoted as 200.
    series = replace(bars("A", [*still(100, 3), (100, 100, 89, 90), *still(90)]), split=np.array([1.0, 1.0, 2.0, 1.0, 1.0]))
    script = {0: lambda ctx: (ctx.buy("A", 10), ctx.buy("A", 5, "limit", limit_price=180))}
    played = play(script, series, fills=COMPAT)
    assert played.fills == [(1, "A", 10.0, 200.0), (3, "A", 10.0, 90.0)]
    assert played.held() == 30


@pytest.mark.parametrize("name", ["robinhood", "generic"])
def test_protective_orders_work_at_either_venue(name):
    rows = [*still(100, 2), (100, 100, 94, 95), *still(95)]
    played = play(
        {0: lambda ctx: ctx.bracket("A", 10, take_profit=110, stop_loss=95)}, bars("A", rows), fills=COMPAT, broker={"name": name}
    )
    assert played.fills == [(1, "A", 10.0, 100.0), (2, "A", -10.0, 95.0)]


def test_a_target_that_is_held_by_us_sells_when_its_price_is_reached():
    rows = [*still(100, 2), (100, 111, 100, 110), *still(110)]
    script = {0: lambda ctx: ctx.bracket("A", 10, take_profit=110, stop_loss=95)}
    played = play(script, bars("A", rows), fills=COMPAT, broker={"name": "robinhood"})
    assert played.fills == [(1, "A", 10.0, 100.0), (2, "A", -10.0, 110.0)]
    assert played.stops() == []
