"""Orders of a backtrader strategy: what it is told of them, and what becomes of them at the desk."""

from __future__ import annotations

import datetime as dt

import backtrader as bt
import pytest

from tests.brokers.backtrader.both import ours, stock
from tests.brokers.backtrader.ordering import buy, executed, scripted, sell
from tests.builders import bars, daily, life, still

# --- the life of an order


def test_a_market_order_is_submitted_accepted_and_completed_with_the_next_bar():
    kind, series = scripted({0: buy()}), bars("A", still(100, 3))
    news = [(1, 0, "Submitted", []), (1, 0, "Accepted", []), (1, 0, "Completed", [10])]
    assert ours(kind, series).strategy.told == news
    assert stock(kind, series).strategy.told == news


def test_quick_notices_come_before_the_bar_of_the_strategy():
    def build(cerebro, feeds):
        cerebro.p.quicknotify = True
        cerebro.adddata(feeds["A"])

    assert ours(scripted({0: buy()}), bars("A", still(100, 3)), build=build).strategy.told[-1] == (0, 0, "Completed", [10])


def test_orders_of_the_last_bar_work_no_more_and_the_run_says_so():
    told = ours(scripted({2: buy()}), bars("A", still(100, 3)))
    assert told.strategy.told == []
    assert [life(order)[-1] for order in told.played.orders] == ["accepted"]


def test_the_order_returned_is_live_and_what_it_is_told_are_copies():
    class Kept(bt.Strategy):
        def notify_order(self, order):
            self.copies = [*getattr(self, "copies", []), order]

        def next(self):
            if len(self) == 1:
                self.order = self.buy(size=10)
            self.status = self.order.getstatusname()

    strategy = ours(Kept, bars("A", still(100, 3))).strategy
    assert strategy.status == "Completed"
    assert [copy.getstatusname() for copy in strategy.copies] == ["Submitted", "Accepted", "Completed"]
    assert all(copy == strategy.order and copy is not strategy.order for copy in strategy.copies)
    assert isinstance(strategy.order, bt.BuyOrder)
    assert strategy.broker.orderstatus(strategy.copies[0]) == bt.Order.Completed


def test_a_volume_cap_fills_in_parts_and_each_part_is_told():
    series = bars("A", [(100, 100, 100, 100, 40)] * 5)
    told = ours(scripted({0: buy(10)}), series, fills={"max_volume_share": 0.1})
    assert [one[2:] for one in told.strategy.told] == [
        ("Submitted", []),
        ("Accepted", []),
        ("Partial", [4]),
        ("Partial", [4]),
        ("Completed", [2]),
    ]
    assert told.strategy.position.size == 10
    assert isinstance(told.strategy.position.size, int)


# --- refusals


def test_what_cash_does_not_pay_is_margin_at_once_and_told_with_its_reason():
    class Poor(bt.Strategy):
        def notify_order(self, order):
            self.reason = (order.getstatusname(), order.info.reason)

        def next(self):
            if len(self) == 1:
                self.order = self.buy(size=10)
                self.at_once = self.order.getstatusname()

    told = ours(Poor, bars("A", still(100, 3)), account={"cash": 500})
    assert told.strategy.at_once == "Margin"
    assert told.strategy.reason == ("Margin", "insufficient_buying_power")
    assert told.played.refusals == ["insufficient_buying_power"]


def test_what_the_venue_has_not_is_rejected_with_its_reason():
    told = ours(scripted({0: sell()}), bars("A", still(100, 3)), broker={"name": "robinhood"})
    assert told.heard.endings == [("Rejected", "short_not_allowed")]
    assert executed(told) == []


def test_limits_of_the_config_hold_for_a_backtrader_strategy_too():
    told = ours(scripted({0: buy(1000)}), bars("A", still(100, 3)), account={"cash": 1e6}, limits={"profile": "conservative"})
    assert told.heard.endings == [("Rejected", "position_limit")]


def test_a_bracket_whose_entry_is_refused_has_no_legs():
    def bracket(self):
        return self.buy_bracket(size=1000, exectype=bt.Order.Market, stopprice=90, limitprice=110)

    told = ours(scripted({0: bracket}), bars("A", still(100, 3)), account={"cash": 500})
    assert told.heard.endings == [("Margin", "insufficient_buying_power"), *[("Rejected", "its parent order was refused")] * 2]
    assert len(told.played.orders) == 1


def test_a_child_of_an_order_that_has_ended_is_rejected():
    class Late(bt.Strategy):
        def next(self):
            if len(self) == 1:
                self.entry = self.buy(size=10)
            elif len(self) == 3:
                self.child = self.sell(size=10, exectype=bt.Order.Stop, price=90, parent=self.entry)

    told = ours(Late, bars("A", still(100, 5)))
    assert told.heard.endings == [("Rejected", "its parent order has ended")]


# --- ends


def test_a_cancel_works_in_the_bar_of_the_order():
    def at_once(self):
        order = self.buy(size=10, exectype=bt.Order.Limit, price=95)
        self.done = self.broker.cancel(order), self.broker.cancel(order)
        return order

    told = ours(scripted({0: at_once}), bars("A", [*still(), *still(80, 2)]))
    assert told.strategy.done == (True, False)
    assert (told.heard.endings, executed(told)) == ([("Canceled", "strategy")], [])


@pytest.mark.parametrize("valid", [bt.Order.DAY, 0])
def test_a_day_order_works_through_the_session_after_its_decision_and_no_longer(valid):
    touched = bars("A", [*still(100, 2), (100, 100, 90, 95), *still(95, 2)])
    assert executed(ours(scripted({1: buy(10, bt.Order.Limit, price=95, valid=valid)}), touched)) == [(2, 10, 95)]
    late = bars("A", [*still(100, 3), (100, 100, 90, 95), *still(95, 2)])
    told = ours(scripted({1: buy(10, bt.Order.Limit, price=95, valid=valid)}), late)
    assert [ending[0] for ending in told.heard.endings] == ["Expired"]
    assert [order.time_in_force.value for order in told.played.orders] == ["day"]


VALIDS = {
    "a date": dt.date(2012, 1, 6),
    "a moment": dt.datetime(2012, 1, 6, 12),
    "a while": dt.timedelta(days=2, hours=20),
    "a number": bt.date2num(dt.datetime(2012, 1, 6, 12)),
}


@pytest.mark.parametrize("name", sorted(VALIDS))
def test_an_order_that_is_valid_until_a_moment_expires_with_the_first_bar_after_it(name):
    # Decided on 3 January; bars of 4, 5 and 6 January follow, that of the 6th closes after the moment.
    kind = scripted({0: buy(10, bt.Order.Limit, price=95, valid=VALIDS[name])})
    on_the_fifth = bars("A", [*still(100, 2), (100, 100, 90, 95), *still(95, 2)])
    on_the_sixth = bars("A", [*still(100, 3), (100, 100, 90, 95), *still(95, 2)])
    assert executed(ours(kind, on_the_fifth)) == [(2, 10, 95)]
    told = ours(kind, on_the_sixth)
    assert (executed(told), told.heard.endings) == ([], [("Expired", "valid no longer")])
    assert stock(kind, on_the_sixth).heard.endings == [("Expired", None)]


def test_an_order_expires_though_its_own_symbol_is_silent():
    a, b = bars("A", still(100, 6)), bars("B", still(50, 2), [daily(6)[0], daily(6)[5]])
    kind = scripted({0: lambda self: self.buy(data=self.data1, size=10, exectype=bt.Order.Limit, price=60, valid=dt.date(2012, 1, 6))})
    told = ours(kind, a, b)
    assert told.heard.endings == [("Expired", "valid no longer")]


def test_gtc_orders_end_when_the_venue_says_so():
    kind, series = scripted({0: buy(10, bt.Order.Limit, price=95)}), bars("A", still(100, 80))
    told = ours(kind, series, broker={"name": "robinhood"})
    assert told.heard.endings == [("Expired", "gtc order at the end of its last day")]


# --- what orders become


def test_prices_sizes_tags_and_links_are_on_the_tape():
    def all_kinds(self):
        first = self.buy(size=1, exectype=bt.Order.Limit, price=90.5, tag="mine")
        self.buy(size=2, exectype=bt.Order.Stop, price=110.25, oco=first)
        self.buy(size=3, exectype=bt.Order.StopLimit, price=111, plimit=112)
        self.buy(size=4, exectype=bt.Order.StopTrail, trailamount=3)
        self.buy(size=5, exectype=bt.Order.StopTrail, trailpercent=0.02)
        self.buy(size=6, exectype=bt.Order.Close)
        return first

    orders = ours(scripted({0: all_kinds}), bars("A", still(100, 2))).played.orders
    shown = [
        (one.quantity, one.order_type.value, one.limit_price, one.trail_amount, one.trail_type.value, one.time_in_force.value, one.tag)
        for one in orders
    ]
    assert [(float(one[0]), *one[1:]) for one in shown] == [
        (1.0, "limit", 90.5, None, "percentage", "gtc", "mine"),
        (2.0, "stop_loss", None, None, "percentage", "gtc", None),
        (3.0, "stop_limit", 112, None, "percentage", "gtc", None),
        (4.0, "trailing_stop", None, 3, "amount", "gtc", None),
        (5.0, "trailing_stop", None, 2, "percentage", "gtc", None),
        (6.0, "market", None, None, "percentage", "cls", None),
    ]
    assert orders[1].oco_id == orders[0].order_id


@pytest.mark.parametrize(
    ("make", "level", "price"),
    [(buy, 0.98123, 98.12), (sell, 1.01877, 101.88)],
)
def test_limits_off_the_tick_go_on_it_to_the_better_side(make, level, price):
    order = ours(scripted({0: make(10, bt.Order.Limit, price=100 * level)}), bars("A", still(100, 3))).played.orders[0]
    assert float(order.limit_price) == price


@pytest.mark.parametrize(("make", "level", "price"), [(sell, 0.98123, 98.12), (buy, 1.01877, 101.88)])
def test_stops_off_the_tick_go_on_it_away_from_the_market(make, level, price):
    order = ours(scripted({0: make(10, bt.Order.Stop, price=100 * level)}), bars("A", still(100, 3))).played.orders[0]
    assert float(order.stop_price) == price


def test_children_are_protection_of_the_position_and_name_their_parent():
    def bracket(self):
        self.buy_bracket(size=10, exectype=bt.Order.Market, stopprice=90, limitprice=110)

    entry, stop, profit = ours(scripted({0: bracket}), bars("A", still(100, 4))).played.orders
    assert [one.role.value for one in (entry, stop, profit)] == ["explicit", "stop", "take_profit"]
    assert {stop.parent_id, profit.parent_id} == {entry.order_id}


def test_a_trailing_stop_shows_the_level_it_has_reached():
    class Trailing(bt.Strategy):
        def __init__(self):
            self.levels = []

        def next(self):
            if len(self) == 1:
                self.buy(size=10)
            elif len(self) == 2:
                self.trail = self.sell(size=10, exectype=bt.Order.StopTrail, trailamount=5)
            if len(self) >= 2:
                self.levels.append(self.trail.created.price)

    rows = [*still(100, 2), (100, 108, 99, 106), (106, 106, 104, 105), (105, 105, 101, 102)]
    told = ours(Trailing, bars("A", rows))
    # The high of 108 lifts the level to 103; the low of 101 three bars later meets it.
    assert told.strategy.levels == [95, 103, 103, 103]
    assert executed(told)[-1] == (4, -10, 103)
