"""``compat = "backtrader"`` fills every order at the time, price and size of backtrader's own broker: random strategies on random bars."""

from __future__ import annotations

import backtrader as bt
from hypothesis import given
from hypothesis import strategies as st

from tests.brokers.backtrader.both import COMPAT, ours, stock
from tests.builders import bars, daily

EXECTYPES = {
    "market": bt.Order.Market,
    "limit": bt.Order.Limit,
    "stop": bt.Order.Stop,
    "stop_limit": bt.Order.StopLimit,
    "trail": bt.Order.StopTrail,
}


class Programmed(bt.Strategy):
    """Carries out a program, one list of wishes a bar; prices are asked for in percent of the last close."""

    program = ()

    def __init__(self):
        self.made = []

    def next(self):
        for wish in self.program[len(self) % len(self.program)]:
            self.carry_out(*wish)

    def carry_out(self, kind, number, *rest):
        data = self.datas[number % len(self.datas)]
        if kind == "close":
            self.made.append(self.close(data))
        elif kind == "cancel":
            for order in [order for order in self.made if order is not None][: rest[0]]:
                self.cancel(order)
        elif kind == "bracket":
            self.bracket(data, *rest)
        elif kind == "oco":
            first = self.order(data, *rest)
            self.made.append(self.order(data, *rest[:3], -rest[3], -rest[4], rest[5], oco=first))
        else:
            self.made.append(self.order(data, *rest))

    def order(self, data, side, size, exectype, first, second, days, **linked):
        last, prices = data.close[0], {}
        if exectype != "market":
            prices["price"] = cents(last, first)
        if exectype == "stop_limit":
            prices["plimit"] = cents(last, second)
        if exectype == "trail":
            prices = {"trailamount": abs(first) + 1.0}
        if days:
            prices["valid"] = data.datetime.datetime(0) + bt.datetime.timedelta(days=days)
        return getattr(self, side)(data=data, size=size, exectype=EXECTYPES[exectype], **prices, **linked)

    def bracket(self, data, side, size, exectype, entry, profit, stop):
        last, sign = data.close[0], 1 if side == "buy" else -1
        call = self.buy_bracket if side == "buy" else self.sell_bracket
        made = call(
            data=data,
            size=size,
            exectype=EXECTYPES[exectype],
            price=None if exectype == "market" else cents(last, entry),
            limitprice=cents(last, sign * profit),
            stopprice=cents(last, -sign * stop),
        )
        self.made += made


def cents(price, percent):
    return round(price * (1 + percent / 100), 2)


@st.composite
def markets(draw):
    """One to three symbols with gaps and silent sessions, over at most twelve; all prices in cents."""
    length, found = draw(st.integers(4, 12)), []
    for symbol in "ABC"[: draw(st.integers(1, 3))]:
        silent = draw(st.sets(st.integers(0, length - 1), max_size=length // 2))
        rows, last = [], 100.0
        for _ in range(length - len(silent)):
            gap, up, down, place = draw(st.tuples(percents, st.integers(0, 9), st.integers(0, 9), st.integers(0, 10)))
            opened = cents(last, gap)
            high, low = cents(opened, up), cents(opened, -down)
            last = min(max(round(low + (high - low) * place / 10, 2), low), high)
            rows.append((opened, high, low, last))
        found.append(bars(symbol, rows, [time for number, time in enumerate(daily(length)) if number not in silent]))
    return tuple(found)


sides, sizes, percents, datas = st.sampled_from(["buy", "sell"]), st.integers(10, 60), st.integers(-6, 6), st.integers(0, 2)
orders = (datas, sides, sizes, st.sampled_from(sorted(EXECTYPES)), percents, percents, st.sampled_from([0, 0, 2]))
wishes = st.one_of(
    st.tuples(st.just("order"), *orders),
    st.tuples(st.just("order"), *orders),
    st.tuples(st.just("bracket"), datas, sides, sizes, st.sampled_from(["market", "limit", "stop"]), percents, *[st.integers(1, 6)] * 2),
    st.tuples(st.just("oco"), *orders),
    st.tuples(st.just("close"), datas),
    st.tuples(st.just("cancel"), datas, st.integers(1, 5)),
)
programs = st.lists(st.lists(wishes, max_size=3).map(tuple), min_size=2, max_size=8).map(tuple)


@given(markets(), programs)
def test_every_order_fills_as_at_backtraders_own_broker(series, program):
    kind = type("Random", (Programmed,), {"program": program})
    here, there = ours(kind, *series, fills=COMPAT), stock(kind, *series)
    assert not here.played.refusals
    assert sorted(here.executions) == sorted(there.executions)
