"""Linked orders of backtrader strategies, the position, and what others do to it."""

from __future__ import annotations

import datetime as dt

import backtrader as bt

from tests.brokers.backtrader.both import Execution, ours, stock
from tests.brokers.backtrader.ordering import DAY, buy, executed, scripted, sell
from tests.builders import bars, daily, still

ENTRY = {"size": 10, "exectype": bt.Order.Market}


def bracketed(**terms):
    return lambda self: self.buy_bracket(**{**ENTRY, "stopprice": 95, "limitprice": 105, **terms})


# --- linked orders


def test_children_work_from_the_moment_the_entry_filled():
    series = bars("A", [*still(), (100, 106, 99, 100), *still(100, 2)])
    assert executed(ours(scripted({0: bracketed()}), series)) == [(1, 10, 100), (1, -10, 105)]
    assert executed(stock(scripted({0: bracketed()}), series)) == [(1, 10, 100)]


def test_where_both_legs_are_in_the_bar_the_path_decides_and_never_both_fill():
    series = bars("A", [*still(100, 2), (100, 106, 94, 100), *still(100, 2)])
    assert executed(ours(scripted({0: bracketed()}), series)) == [(1, 10, 100), (2, -10, 95)]
    assert executed(ours(scripted({0: bracketed()}), series, fills={"path": "optimistic"})) == [(1, 10, 100), (2, -10, 105)]


def test_children_of_an_entry_that_fills_in_parts_are_as_large_as_the_part():
    # 4 of 10 fill, then 4, then 2; the stop takes out what is there at the fall.
    rows = [(100, 100, 100, 100, 40), (100, 100, 100, 100, 40), (100, 100, 100, 100, 40), (100, 100, 94, 94, 1000), *still(94, 2)]
    told = ours(scripted({0: bracketed()}), bars("A", rows), fills={"max_volume_share": 0.1})
    assert executed(told) == [(1, 10 - 6, 100), (2, 4, 100), (3, 2, 100), (3, -10, 95)]
    assert told.strategy.position.size == 0


def test_the_filled_part_of_a_canceled_entry_keeps_its_exits():
    def cancel(self):
        self.cancel(self.made[0][0])

    rows = [(100, 100, 100, 100, 40), (100, 100, 100, 100, 40), (100, 100, 100, 100, 0), (100, 100, 94, 94, 1000), *still(94, 2)]
    told = ours(scripted({0: bracketed(), 1: cancel}), bars("A", rows), fills={"max_volume_share": 0.1})
    assert executed(told) == [(1, 4, 100), (3, -4, 95)]


def test_exits_that_fill_in_parts_never_sell_more_than_is_held():
    rows = [*still(), (100, 100, 100, 100, 100), (104, 106, 103, 105, 40), (104, 104, 94, 95, 1000), *still(95, 2)]
    told = ours(scripted({0: bracketed()}), bars("A", rows), fills={"max_volume_share": 0.1})
    assert executed(told) == [(1, 10, 100), (2, -4, 105), (3, -6, 95)]
    assert told.strategy.position.size == 0


def test_a_leg_that_is_canceled_ends_its_bracket():
    told = ours(scripted({0: bracketed(), 2: lambda self: self.cancel(self.made[0][1])}), bars("A", [*still(100, 3), *still(90, 3)]))
    assert executed(told) == [(1, 10, 100)]
    assert told.heard.endings == [("Canceled", "strategy"), ("Canceled", "another leg of the bracket ended")]


def test_legs_end_with_the_position_whoever_closed_it():
    told = ours(scripted({0: bracketed(), 2: lambda self: self.close()}), bars("A", [*still(100, 5), *still(90, 3)]))
    assert executed(told) == [(1, 10, 100), (3, -10, 100)]
    assert told.heard.endings == [("Canceled", "position closed")] * 2


def test_an_entry_that_expires_takes_its_legs_with_it():
    kind = scripted({0: bracketed(exectype=bt.Order.Limit, price=90, valid=dt.timedelta(days=1, hours=1))})
    told = ours(kind, bars("A", still(100, 6)))
    assert told.heard.endings == [("Expired", "valid no longer"), ("Canceled", "its entry ended"), ("Canceled", "its entry ended")]


def test_two_brackets_in_one_symbol_keep_their_own_legs():
    script = {0: bracketed(), 1: bracketed(stopprice=97, limitprice=120)}
    rows = [*still(100, 4), (100, 100, 96, 96), (96, 96, 94, 94), *still(94)]
    assert executed(ours(scripted(script), bars("A", rows))) == [(1, 10, 100), (2, 10, 100), (4, -10, 97), (5, -10, 95)]


def test_a_leg_that_is_added_later_works_for_what_its_entry_has_filled():
    def add_stop(self):
        return self.sell(size=10, exectype=bt.Order.Stop, price=95, parent=self.made[0])

    rows = [(100, 100, 100, 100, 40)] * 3 + [(100, 100, 100, 100, 1000), (100, 100, 94, 95, 1000), *still(95)]
    told = ours(scripted({0: buy(), 1: add_stop}), bars("A", rows), fills={"max_volume_share": 0.1})
    assert executed(told) == [(1, 4, 100), (2, 4, 100), (3, 2, 100), (4, -10, 95)]
    (_entry, *stops) = told.played.orders
    assert [float(one.quantity) for one in stops] == [4, 8, 10]


def test_a_bracket_of_one_leg_is_an_entry_with_a_stop():
    told = ours(scripted({0: bracketed(limitexec=None)}), bars("A", [*still(100, 2), (100, 110, 94, 95), *still(95)]))
    assert executed(told) == [(1, 10, 100), (2, -10, 95)]


def test_a_short_bracket_is_the_mirror():
    def bracket(self):
        self.sell_bracket(**ENTRY, stopprice=105, limitprice=95)

    told = ours(scripted({0: bracket}), bars("A", [*still(100, 2), (100, 101, 94, 95), *still(95)]))
    assert executed(told) == [(1, -10, 100), (2, 10, 95)]


def test_of_a_group_one_fills_and_the_others_are_canceled():
    def group(self):
        first = self.buy(size=10, exectype=bt.Order.Limit, price=95)
        self.buy(size=10, exectype=bt.Order.Limit, price=90, oco=first)
        self.buy(size=10, exectype=bt.Order.Stop, price=105, oco=first)

    told = ours(scripted({0: group}), bars("A", [*still(), (100, 106, 89, 100), *still(100)]))
    assert executed(told) == [(1, 10, 105)]  # flat, the first order a buy: the high comes first
    assert told.heard.endings == [("Canceled", "one cancels the other")] * 2


def test_what_fills_of_one_is_taken_from_the_others():
    def exits(self):
        stop = self.sell(size=10, exectype=bt.Order.Stop, price=95)
        self.sell(size=10, exectype=bt.Order.Limit, price=105, oco=stop)

    rows = [(100, 100, 100, 100, 1000)] * 3 + [(104, 106, 103, 104, 40), (100, 100, 94, 95, 1000), (95, 95, 95, 95, 1000)]
    told = ours(scripted({0: buy(), 1: exits}), bars("A", rows), fills={"max_volume_share": 0.1})
    assert executed(told) == [(1, 10, 100), (3, -4, 105), (4, -6, 95)]
    assert told.strategy.position.size == 0
    assert [seen.status for seen in told.orders] == ["Completed", "Partial", "Canceled"]
    assert told.heard.endings == [("Canceled", "one cancels the other")]


def test_one_of_a_group_that_cannot_be_paid_at_its_fill_is_margin_and_ends_the_group():
    def group(self):
        first = self.buy(size=10, exectype=bt.Order.Stop, price=105)
        self.buy(size=1, exectype=bt.Order.Limit, price=50, oco=first)

    # Opens at 200: the cash pays for 5.6 of the 10; nothing is left for the other, and the rest is refused.
    told = ours(scripted({0: group}), bars("A", [*still(), *still(200, 3)]), account={"cash": 1_120})
    assert executed(told) == [(1, 5.6, 200)]
    assert ("Margin", "insufficient_buying_power") in told.heard.endings
    assert {seen.status for seen in told.orders} == {"Margin", "Canceled"}


def test_canceling_one_of_a_group_cancels_the_group():
    def group(self):
        first = self.buy(size=10, exectype=bt.Order.Limit, price=95)
        self.second = self.buy(size=10, exectype=bt.Order.Limit, price=90, oco=first)

    told = ours(scripted({0: group, 1: lambda self: self.cancel(self.second)}), bars("A", [*still(100, 3), *still(80, 2)]))
    assert executed(told) == []
    assert {ending[0] for ending in told.heard.endings} == {"Canceled"}


# --- the position


def test_fractions_add_up_to_nothing_left():
    script = {0: buy(0.1), 1: buy(0.2), 2: sell(0.3)}
    told, there = ours(scripted(script), bars("A", still(100, 5))), stock(scripted(script), bars("A", still(100, 5)))
    assert (told.strategy.position.size, bool(told.strategy.position)) == (0, False)
    assert len(told.heard.trades) == 1
    assert there.strategy.position.size != 0  # 5.6e-17


def test_a_reversal_is_one_order_two_parts_and_two_trades():
    told = ours(scripted({0: buy(10), 2: sell(15), 4: buy(5)}), bars("A", [*still(100, 3), *still(110, 2), *still(120, 2)]))
    assert told.heard.trades == [("A", 100.0, 100.0), ("A", -50.0, -50.0)]


def test_dividends_are_in_the_cash_that_the_strategy_sees():
    class Cash(bt.Strategy):
        def __init__(self):
            self.cash = []

        def next(self):
            if len(self) == 1:
                self.buy(size=10)
            self.cash.append(self.broker.getcash())

    told = ours(Cash, bars("A", still(100, 4), dividends={2: 0.5}))
    assert told.strategy.cash == [1e9, 1e9 - 1000, 1e9 - 995, 1e9 - 995]


# --- what others do to the strategy's position


def test_a_protective_stop_of_the_config_is_told_as_an_order_with_its_role():
    class Watching(bt.Strategy):
        def __init__(self):
            self.roles = []

        def notify_order(self, order):
            if order.status == order.Completed:
                self.roles.append((order.info.get("role"), order.executed.size, order.executed.price, order.isbuy()))

        def next(self):
            if len(self) == 1:
                self.buy(size=10, tradeid=7)

    told = ours(Watching, bars("A", [*still(100, 2), (100, 100, 94, 94), *still(94)]), stops={"attach": "entries", "method": "percent"})
    assert told.strategy.roles == [(None, 10, 100, True), ("stop", -10, 95, False)]
    assert told.heard.trades == [("A", -50.0, -50.0)]
    assert told.strategy.position.size == 0


def test_a_bracket_with_a_stop_of_its_own_gets_no_other():
    told = ours(scripted({0: bracketed()}), bars("A", still(100, 4)), stops={"attach": "entries", "method": "percent"})
    assert [one.role.value for one in told.played.orders] == ["explicit", "stop", "take_profit"]


def test_a_position_that_is_delisted_ends_as_a_trade():
    from dataclasses import replace

    from framework.domain.market import Delisting

    series, other = bars("A", still(100, 4)), bars("B", still(50, 8))
    gone = replace(series, delisting=Delisting(day=daily(5)[4] // 86_400_000_000_000, payout=80.0))
    told = ours(scripted({0: buy(10)}), gone, other)
    assert told.heard.trades == [("A", -200.0, -200.0)]
    assert told.strategy.getposition(told.strategy.data0).size == 0


def test_a_halt_of_the_circuit_breakers_is_told_as_a_refusal():
    class Losing(bt.Strategy):
        def next(self):
            if len(self) in {1, 4}:
                self.buy(size=100)

    rows = [*still(100, 2), *still(50, 4)]
    told = ours(Losing, bars("A", rows), account={"cash": 20_000}, guards={"enabled": True, "resets_daily": False})
    assert told.heard.endings[0][0] == "Rejected"
    assert told.heard.endings[0][1].startswith("guard")


def test_two_strategies_worth_of_news_in_one_bar_keep_their_order():
    told = ours(scripted({0: buy(3), 1: sell(3)}), bars("A", still(100, 4)))
    assert told.executions == [Execution(DAY[1], "A", 3.0, 100.0), Execution(DAY[2], "A", -3.0, 100.0)]
