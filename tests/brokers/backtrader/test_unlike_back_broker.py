"""What backtrader's own broker gets wrong, row by row (W1 to W23), with one strategy on both: there it happens, here it does not."""

from __future__ import annotations

import backtrader as bt
import numpy as np
import pytest

from framework.errors import ConfigError
from tests.brokers.backtrader.both import ours, pandas_feed, plain, stock
from tests.brokers.backtrader.ordering import buy, executed, scripted, sell
from tests.brokers.backtrader.samples import DAYS
from tests.brokers.backtrader.test_linked_orders import ENTRY, bracketed
from tests.builders import bars, daily, minutes, still

MINUTES = {"resolution": "1m"}
MINUTE_FRAME = (bt.TimeFrame.Minutes, 1)
VENUE = {"limits": {"profile": "venue"}, "broker": {"name": "generic"}}
CAPPED = {"max_volume_share": 0.1}


def pairs(told):
    """(data, size, price) of every execution."""
    return [(one.data, one.size, one.price) for one in told.executions]


def test_w1_an_order_never_fills_on_a_bar_that_closed_before_it_was_made():
    # B is silent after its first minute, in which it fell to 40; A moves on.
    a = bars("A", still(100, 5), minutes(DAYS[0], range(1, 6)))
    b = bars("B", [(50, 50, 40, 50), *still(50)], minutes(DAYS[0], (1, 5)))
    kind = scripted({0: lambda self: self.buy(data=self.data1, size=10, exectype=bt.Order.Limit, price=45)})
    assert pairs(ours(kind, a, b, data=MINUTES)) == []
    assert pairs(stock(kind, a, b, frame=MINUTE_FRAME)) == [("B", 10.0, 45.0)]


def test_w3_a_data_that_has_not_started_shows_no_bar_of_the_future():
    class Peeking(bt.Strategy):
        seen = None

        def prenext(self):
            try:
                self.seen = self.data1.close[0]
            except IndexError as error:
                self.seen = type(error).__name__

    a, b = bars("A", still(100, 3)), bars("B", [(777, 777, 777, 777)], [daily(3)[2]])
    assert ours(Peeking, a, b).strategy.seen == "NoBarError"
    assert stock(Peeking, a, b).strategy.seen == 777


def test_w4_a_cancel_in_the_bar_of_the_order_is_done():
    def at_once(self):
        self.cancel(self.buy(size=10, exectype=bt.Order.Limit, price=90))

    kind, series = scripted({0: at_once}), bars("A", [*still(), *still(80, 2)])
    assert executed(ours(kind, series)) == []
    assert executed(stock(kind, series)) == [(1, 10, 80)]


class FourABar:
    """backtrader's way to say that four shares a bar can be had."""

    def __call__(self, order, price, ago):
        return min(abs(order.executed.remsize), 4)


def filled_by_four(kind, series):
    def build(cerebro, feeds):
        plain(cerebro, feeds)
        cerebro.broker.set_filler(FourABar())

    return stock(kind, series, build=build)


def test_w5_exits_that_fill_in_parts_never_turn_the_position_round():
    rows = [(100, 100, 100, 100, 40)] * 4 + [(104, 106, 94, 100, 40), (100, 106, 94, 95, 40), *[(95, 95, 94, 94, 40)] * 3]
    kind = scripted({0: bracketed(size=8)})
    here, there = ours(kind, bars("A", rows), fills=CAPPED), filled_by_four(kind, bars("A", rows))
    assert here.strategy.position.size == 0
    assert there.strategy.position.size < 0


def test_w5_the_part_of_an_entry_that_filled_stays_protected_when_the_rest_is_canceled():
    rows = [(100, 100, 100, 100, 40), (100, 100, 100, 100, 40), (100, 100, 100, 100, 0), (100, 100, 94, 94, 1000), *still(94, 2)]
    kind = scripted({0: bracketed(), 1: lambda self: self.cancel(self.made[0][0])})
    assert executed(ours(kind, bars("A", rows), fills=CAPPED))[-1] == (3, -4, 95)
    assert filled_by_four(kind, bars("A", rows)).strategy.position.size > 0


def test_w6_a_protective_order_works_in_the_bar_its_entry_filled_in():
    series = bars("A", [*still(), (100, 101, 88, 92), *still(92, 2)])
    kind = scripted({0: bracketed(stopprice=90, limitprice=120)})
    assert executed(ours(kind, series)) == [(1, 10, 100), (1, -10, 90)]
    assert executed(stock(kind, series)) == [(1, 10, 100)]


def test_w7_which_leg_wins_does_not_depend_on_the_order_of_submission():
    def limit_first(self):
        entry = self.buy(**ENTRY, transmit=False)
        self.sell(size=10, exectype=bt.Order.Limit, price=110, parent=entry, transmit=False)
        self.sell(size=10, exectype=bt.Order.Stop, price=90, parent=entry, transmit=True)

    series = bars("A", [*still(100, 2), (100, 111, 89, 100), *still(100)])
    assert executed(ours(scripted({0: limit_first}), series))[-1] == (2, -10, 90)
    assert executed(stock(scripted({0: limit_first}), series))[-1] == (2, -10, 110)


def test_w8_money_of_a_short_sale_buys_nothing_more():
    script = {0: sell(100), 2: lambda self: self.buy(data=self.data1, size=190)}
    a, b = bars("A", still(100, 5)), bars("B", still(100, 5))
    here, there = ours(scripted(script), a, b, account={"cash": 10_000}, **VENUE), stock(scripted(script), a, b, cash=10_000)
    assert pairs(there) == [("A", -100.0, 100.0), ("B", 190.0, 100.0)]
    assert ("B", 190.0, 100.0) not in pairs(here)
    assert here.played.refusals


def test_w8_a_short_sale_many_times_the_account_is_refused():
    kind, series = scripted({0: sell(1000)}), bars("A", still(100, 4))
    assert executed(ours(kind, series, account={"cash": 10_000}, **VENUE)) == []
    assert executed(stock(kind, series, cash=10_000)) == [(1, -1000, 100)]


def test_w9_a_short_that_has_cost_more_than_there_is_can_be_closed():
    kind = scripted({0: sell(90), 2: buy(90)})
    series = bars("A", [*still(100, 2), *still(300, 3)])
    assert executed(ours(kind, series, account={"cash": 10_000}, **VENUE))[-1] == (3, 90, 300)
    assert executed(stock(kind, series, cash=10_000)) == [(1, -90, 100)]


def test_w10_a_short_bracket_of_the_whole_account_keeps_both_legs():
    def bracket(self):
        self.sell_bracket(size=95, exectype=bt.Order.Market, stopprice=120, limitprice=95)

    series = bars("A", [*still(100, 2), (100, 100, 94, 95), *still(95)])
    here, there = (
        ours(scripted({0: bracket}), series, account={"cash": 10_000}, **VENUE),
        stock(scripted({0: bracket}), series, cash=10_000),
    )
    assert executed(here) == [(1, -95, 100), (2, 95, 95)]
    assert (executed(there), [ending[0] for ending in there.heard.endings].count("Margin")) == ([], 1)


def test_w12_asking_for_the_value_of_two_datas_changes_nothing():
    class Asking(bt.Strategy):
        def next(self):
            if len(self) == 1:
                for data in self.datas:
                    self.buy(data=data, size=10)
            if len(self) == 3:
                before = self.broker.getvalue()
                self.two = self.broker.getvalue(datas=[self.data0, self.data1])
                self.changed = self.broker.getvalue() != before

    series = [bars(symbol, still(price, 4)) for symbol, price in (("A", 100), ("B", 50), ("C", 30))]
    here, there = ours(Asking, *series).strategy, stock(Asking, *series).strategy
    assert (here.two, here.changed) == (1500, False)
    assert there.changed


def test_w13_a_stop_that_was_triggered_stays_triggered():
    # 4 of 10 are sold at the fall, the rest after it although the price is back above the stop.
    rows = [(100, 100, 100, 100, 1000)] * 3 + [(100, 100, 94, 100, 40), (100, 101, 100, 100, 1000), *still(100)]
    kind = scripted({0: buy(), 1: sell(10, bt.Order.Stop, price=95)})
    assert executed(ours(kind, bars("A", rows), fills=CAPPED)) == [(1, 10, 100), (3, -4, 95), (4, -6, 100)]
    assert filled_by_four(kind, bars("A", rows)).strategy.position.size > 0


def test_w14_two_orders_share_one_bars_volume():
    rows = [(100, 100, 100, 100, 100)] * 4
    here = ours(scripted({0: lambda self: (self.buy(size=8), self.buy(size=8))}), bars("A", rows), fills=CAPPED)
    assert [size for bar, size, _ in executed(here) if bar == 1] == [8, 2]


def test_w15_slippage_never_takes_a_limit_order_beyond_its_limit():
    rows = [*still(), (100, 101, 99, 100), *still()]
    here = ours(scripted({0: sell(10, bt.Order.Limit, price=100.5)}), bars("A", rows), fills={"slippage": {"model": "bps", "bps": 100}})
    assert executed(here) == [(1, -10, 100.5)]


@pytest.mark.parametrize("setting", ["set_coc", "set_coo"])
def test_w16_trading_at_a_price_that_the_decision_has_seen_is_refused(setting):
    def build(cerebro, feeds):
        plain(cerebro, feeds)
        getattr(cerebro.broker, setting)(True)

    with pytest.raises(ConfigError, match="not simulated"):
        ours(scripted({}), bars("A", still(100, 3)), build=build)


def test_w17_a_trailing_stop_follows_the_high_not_the_close():
    rows = [*still(100, 2), (100, 110, 100, 101), (104, 104, 100, 100), *still(100)]
    kind = scripted({0: buy(), 1: sell(10, bt.Order.StopTrail, trailamount=5)})
    assert executed(ours(kind, bars("A", rows)))[-1] == (2, -10, 105)
    assert executed(stock(kind, bars("A", rows))) == [(1, 10, 100)]


@pytest.mark.parametrize(("valid", "fills_there"), [(bt.Order.DAY, False), (0, True)])
def test_w18_a_day_order_lives_for_a_day(valid, fills_there):
    # Touched on the day after its decision, and again two days later.
    first = bars("A", [*still(100, 2), (100, 100, 90, 95), *still(100)])
    later = bars("A", [*still(100, 4), (100, 100, 90, 95), *still(100)])
    kind = scripted({1: buy(10, bt.Order.Limit, price=95, valid=valid)})
    assert [executed(ours(kind, series)) for series in (first, later)] == [[(2, 10, 95)], []]
    assert executed(stock(kind, first)) == ([(2, 10, 95)] if fills_there else [])
    assert executed(stock(kind, later)) == ([(4, 10, 95)] if fills_there else [])


def test_w19_fractions_leave_nothing_behind():
    kind = scripted({0: buy(0.1), 1: buy(0.2), 2: sell(0.3)})
    here, there = ours(kind, bars("A", still(100, 5))), stock(kind, bars("A", still(100, 5)))
    assert (bool(here.strategy.position), len(here.heard.trades)) == (False, 1)
    assert (bool(there.strategy.position), len(there.heard.trades)) == (True, 0)


def test_w20_an_order_for_a_symbol_that_has_ended_fills_on_no_old_bar():
    a, b = bars("A", still(100, 6)), bars("B", [*still(50), (50, 50, 40, 50)])
    kind = scripted({3: lambda self: self.buy(data=self.data1, size=10, exectype=bt.Order.Limit, price=45)})
    assert pairs(ours(kind, a, b)) == []
    assert pairs(stock(kind, a, b)) == [("B", 10.0, 45.0)]


def test_w22_signals_beside_a_plain_strategy_are_refused_by_name():
    def build(cerebro, feeds):
        plain(cerebro, feeds)
        cerebro.add_signal(bt.SIGNAL_LONG, bt.ind.CrossOver, bt.ind.SMA, bt.ind.EMA)

    with pytest.raises(ConfigError, match=r"add_signal drives a bt\.SignalStrategy"):
        ours(bt.Strategy, bars("A", still(100, 3)), build=build)
    cerebro = bt.Cerebro()
    cerebro.addstrategy(bt.Strategy)
    build(cerebro, {"A": pandas_feed(bars("A", still(100, 3)), bt.TimeFrame.Days, 1)})
    with pytest.raises(ValueError, match="unpack"):
        cerebro.run()


def test_w23_an_order_for_the_close_is_booked_in_its_own_session():
    # The last minute of Monday has no bar at 16:00; Tuesday opens higher.
    monday, tuesday = minutes(DAYS[0], range(380, 389)), minutes(DAYS[1], range(1, 4))
    series = bars("A", [*still(100, 9), *still(120, 3)], [*monday, *tuesday])

    class AtTheClose(bt.Strategy):
        def __init__(self):
            self.values = []

        def next(self):
            if len(self) == 1:
                self.buy(size=10, exectype=bt.Order.Close)
            self.values.append(self.broker.getvalue())

    here, there = ours(AtTheClose, series, data=MINUTES), stock(AtTheClose, series, frame=MINUTE_FRAME)
    # No bar closes with the session, so that its closing price is not known: the order ends with it.
    assert (executed_times(here), here.heard.endings) == ([], [("Expired", "the close is over")])
    assert np.ptp(here.strategy.values) == 0
    assert there.strategy.values[-1] - there.strategy.values[0] == 200.0


def executed_times(told):
    return [one.time for one in told.executions]


def test_w23_a_session_with_its_last_bar_fills_at_the_close_on_its_own_day():
    series = bars("A", [*still(100, 11), *still(120, 3)], [*minutes(DAYS[0], range(380, 391)), *minutes(DAYS[1], range(1, 4))])
    here = ours(scripted({0: buy(10, bt.Order.Close)}), series, data=MINUTES)
    assert [(one.time, one.price) for one in here.executions] == [(f"{DAYS[0]:%Y-%m-%d} 16:00", 100.0)]
    assert here.strategy.broker.getvalue() == 1e9 + 200
