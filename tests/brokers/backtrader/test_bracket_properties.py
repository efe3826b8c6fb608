"""Whatever a backtrader strategy orders, on bars with little volume: its brackets never sell more than they bought, and the books agree."""

from __future__ import annotations

import backtrader as bt
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO
from tests.brokers.backtrader.both import ours
from tests.brokers.backtrader.test_compat_fills import Programmed, markets, programs


@st.composite
def worlds(draw):
    """Bars, a program, and how they fill."""
    fills = draw(
        st.fixed_dictionaries(
            {
                "path": st.sampled_from(["pessimistic", "optimistic", "nearest"]),
                "limit_fill": st.sampled_from(["touch", "through"]),
                "max_volume_share": st.sampled_from([0, 0.000_02]),  # 20 shares a bar
            }
        )
    )
    config = {
        "fills": {"slippage": "none", "fees": "none", **fills},
        "broker": draw(st.sampled_from([{"name": "generic"}, {"name": "robinhood"}])),
        "account": {"cash": draw(st.sampled_from([1e9, 4_000.0]))},
        "stops": {"attach": draw(st.sampled_from(["never", "entries"]))},
    }
    return draw(markets()), draw(programs), config


class Brackets(Programmed):
    """A program whose brackets are kept: entry, stop, profit."""

    def __init__(self):
        super().__init__()
        self.families = []

    def bracket(self, *args):
        super().bracket(*args)
        self.families.append(self.made[-3:])


@given(worlds())
def test_the_legs_of_a_bracket_never_leave_more_than_its_entry_bought(world):
    series, program, config = world
    told = ours(type("Random", (Brackets,), {"program": program}), *series, **config)
    for entry, *legs in told.strategy.families:
        bought, left = abs(entry.executed.size), sum(abs(leg.executed.size) for leg in legs)
        assert left <= bought
        assert not (left and {leg.status for leg in legs} == {bt.Order.Completed})


@given(worlds())
def test_positions_cash_and_news_are_those_of_the_books(world):
    series, program, config = world
    told = ours(type("Random", (Programmed,), {"program": program}), *series, **config)
    simulation, broker = told.played.simulation, told.strategy.broker
    book = simulation.engine.desk.book
    assert broker.getcash() == book.cash_micros / MICRO
    assert broker.getvalue() == simulation.engine.desk.valuation.equity() / MICRO
    sizes = {data._name: told.strategy.getposition(data).size for data in told.strategy.datas}
    assert sizes == {symbol: book.quantity(symbol) / MICRO for symbol in sizes}
    journal = [(one.symbol, one.side.sign * float(one.quantity), float(one.price)) for one in simulation.journal.fills]
    assert [(one.data, one.size, one.price) for one in told.executions] == journal
    filled = {data: sum(one.size for one in told.executions if one.data == data) for data in sizes}
    assert filled == sizes


@given(worlds())
def test_what_is_open_for_the_strategy_is_open_at_the_desk_or_waits_for_its_parent(world):
    series, program, config = world
    told = ours(type("Random", (Programmed,), {"program": program}), *series, **config)
    desk = told.played.simulation.engine.desk
    own = {order.order_id for order in desk.blotter.orders.values() if not order.role.protects or order.parent_id is not None}
    assert {order.order_id for order in told.played.simulation.broker.get_open_orders()} >= own
    for order in told.strategy.broker.get_orders_open():
        assert order.alive()
        assert order.executed.remsize
    assert [one.ref for one in told.strategy.broker.get_orders_open(safe=True)] == [
        one.ref for one in told.strategy.broker.get_orders_open()
    ]


@given(worlds())
def test_the_same_program_decides_the_same_again(world):
    series, program, config = world
    kind = type("Random", (Programmed,), {"program": program})
    first, second = (ours(kind, *series, **config).played.simulation.journal for _ in range(2))
    assert first.decisions_hash == second.decisions_hash
    assert [order.order_id for order in first.orders] == [order.order_id for order in second.orders]
