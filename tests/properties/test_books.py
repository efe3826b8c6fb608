"""Whatever is asked, the books, the venue and the fills tell one story, to the last millionth."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import to_micros
from tests.properties.worlds import worlds

OPEN = {"initialized", "submitted", "accepted", "partially_filled", "pending_cancel"}


def value(quantity, price):
    """Dollars of a fill in micros: the exact product, halves away from zero."""
    return (quantity * price + 500_000) // 1_000_000


def bar_of(played, fill):
    """(open, high, low, close, volume) of the bar a fill happened on, prices in micros."""
    market = played.simulation.market
    series = market.series[market.row[fill.symbol]]
    (index,) = (series.timestamp == fill.timestamp).nonzero()[0]
    prices = (to_micros(float(column[index])) for column in (series.open, series.high, series.low, series.close))
    return (*prices, float(series.volume[index]))


@given(worlds())
def test_cash_is_what_came_in_less_what_went_out(world):
    def check(simulation):
        journal = simulation.journal
        spent = sum(one.side.sign * value(one.quantity_micros, one.price_micros) + one.fees_micros for one in journal.fills)
        received = sum(
            value(one.quantity_micros, 250_000) if one.quantity_micros > 0 else -value(-one.quantity_micros, 250_000)
            for one in journal.dividends
        )
        assert simulation.engine.desk.book.cash_micros == world.config["account"]["cash"] * 1_000_000 - spent + received

    world.play(each=check)


@given(worlds())
def test_shares_are_the_sum_of_the_fills(world):
    def check(simulation):
        held = Counter()
        for one in simulation.journal.fills:
            held[one.symbol] += one.side.sign * one.quantity_micros
        assert {name: simulation.engine.desk.book.quantity(name) for name in held} == dict(held)

    world.play(each=check)


@given(worlds())
def test_our_books_and_the_venues_agree_after_every_slice(world):
    def check(simulation):
        engine, broker = simulation.engine, simulation.broker
        assert broker.get_account().cash * 1_000_000 == engine.desk.book.cash_micros
        assert broker.get_portfolio_value() * 1_000_000 == engine.desk.valuation.equity()
        ours = {name: (one.quantity_micros, one.cost_micros) for name, one in engine.desk.book.positions.items() if one.quantity_micros}
        assert {one.symbol: (one.quantity_micros, one.cost_micros) for one in broker.get_positions()} == ours

    world.play(each=check)


@given(worlds())
def test_our_orders_and_the_venues_agree_after_every_slice(world):
    def check(simulation):
        broker = simulation.broker
        ours = [(one.order_id, one.filled_micros, one.leaves_micros) for one in simulation.engine.desk.blotter.orders.values()]
        assert ours == [(one.order_id, one.filled_micros, one.leaves_micros) for one in broker.get_open_orders()]

    world.play(each=check)


@given(worlds())
def test_an_order_fills_up_to_its_quantity_and_nothing_after_its_end(world):
    played = world.play()
    filled = Counter()
    for one in played.simulation.journal.fills:
        filled[one.order_id] += one.quantity_micros
    for order in played.orders:
        assert 0 <= order.filled_micros <= order.quantity_micros
        assert order.filled_micros == filled[order.order_id]
        assert (order.status.value == "filled") == (order.filled_micros == order.quantity_micros)
        assert all(change.status.value in OPEN for change in order.changes[:-1])
        assert [change.timestamp for change in order.changes] == sorted(change.timestamp for change in order.changes)


@given(worlds())
def test_no_fill_happens_on_a_bar_at_or_before_its_decision(world):
    played = world.play()
    orders = {order.order_id: order for order in played.orders}
    lowers = world.config["stops"].get("lowers_on_dividend", False)
    traded = {(one.symbol, one.timestamp) for one in played.simulation.journal.dividends if lowers}
    for fill in played.simulation.journal.fills:
        order = orders[fill.order_id]
        if order.created_at == fill.timestamp:
            # Only what guards may act on the bar it was made on: along the rest of the path, behind another fill or a dividend at the open.
            assert order.role.protects
            assert (fill.symbol, fill.timestamp) in traded
        else:
            assert order.created_at < fill.timestamp
        traded.add((fill.symbol, fill.timestamp))


@given(worlds())
def test_a_limit_is_never_passed(world):
    played = world.play()
    limits = {order.order_id: order.limit_micros for order in played.orders}
    for fill in played.simulation.journal.fills:
        limit = limits[fill.order_id]
        assert limit is None or fill.side.sign * (limit - fill.price_micros) >= 0


@given(worlds())
def test_the_market_price_of_a_fill_lies_inside_its_bar_and_slippage_never_helps(world):
    played = world.play()
    for fill in played.simulation.journal.fills:
        _, high, low, _, volume = bar_of(played, fill)
        assert low <= fill.reference_micros <= high
        assert volume > 0
        assert fill.side.sign * (fill.price_micros - fill.reference_micros) >= 0
        if world.config["fills"]["slippage"] == "none":
            assert fill.price_micros == fill.reference_micros


@given(worlds())
def test_all_orders_together_stay_inside_the_share_of_a_bars_volume(world):
    played = world.play()
    share = world.config["fills"]["max_volume_share"]
    traded = Counter()
    for fill in played.simulation.journal.fills:
        traded[fill.symbol, fill.timestamp] += fill.quantity_micros
        assert not share or traded[fill.symbol, fill.timestamp] <= share * bar_of(played, fill)[-1] * 1_000_000


@given(worlds(broker=st.just({"name": "robinhood"})))
def test_a_long_only_cash_account_never_owes_cash_or_shares(world):
    def check(simulation):
        assert simulation.engine.desk.book.cash_micros >= 0
        assert all(one.quantity_micros >= 0 for one in simulation.engine.desk.book.positions.values())

    played = world.play(each=check)
    assert all(fill.quantity_micros % 1_000_000 == 0 for fill in played.simulation.journal.fills)
