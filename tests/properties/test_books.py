"""Whatever is asked, the books, the venue and the fills tell one story, to the last millionth."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.account_event import CashInLieu, Dividend, Entitlement, Interest, MarginCall, Split
from framework.domain.fill import Fill
from framework.domain.values import to_micros
from framework.rules.account.margin import initial_of, maintenance_of
from framework.rules.pretrade.standing import entry_price
from tests.properties.worlds import ACCOUNTS, IN_FULL, in_order, worlds

OPEN = {"initialized", "emulated", "submitted", "accepted", "partially_filled", "pending_cancel"}


def value(quantity, price):
    """Dollars of a fill in micros: the exact product, halves away from zero."""
    return (quantity * price + 500_000) // 1_000_000


def bar_of(played, fill):
    """(open, high, low, close, volume) of the bar a fill happened on, as it was quoted then, prices in micros."""
    market = played.simulation.market
    series = market.adjusted[market.row[fill.symbol]]
    (index,) = (series.timestamp == fill.timestamp).nonzero()[0]
    shares = prod(series.split[index + 1 :])
    prices = (to_micros(float(column[index] * shares)) for column in (series.open, series.high, series.low, series.close))
    return (*prices, float(series.volume[index] / shares))


def terms_at(order, timestamp):
    """The terms an order had when it filled; a split comes before the fills of its bar."""
    return [terms for change, terms in order.steps() if change.timestamp <= timestamp][-1]


@given(worlds())
def test_cash_is_what_came_in_less_what_went_out(world):
    def check(simulation):
        journal = simulation.journal
        spent = sum(one.side.sign * value(one.quantity_micros, one.price_micros) + one.fees_micros for one in journal.fills)
        happened = journal.account_events
        paid = sum(of_sign(one.quantity_micros, 250_000) for one in happened if isinstance(one, Dividend))
        entitled = sum(of_sign(one.quantity_micros, 250_000) for one in happened if isinstance(one, Entitlement))
        other = sum(one.amount_micros for one in happened if isinstance(one, CashInLieu | Interest))
        book = simulation.engine.desk.book
        assert book.cash_micros == world.config["account"]["cash"] * 1_000_000 - spent + paid + other
        assert book.receivable_micros == entitled - paid

    world.play(each=check)


def of_sign(quantity, price):
    """What a position is paid, or owes."""
    return value(quantity, price) if quantity > 0 else -value(-quantity, price)


@given(worlds())
def test_a_split_changes_no_equity_and_no_cost_but_for_the_fraction_paid_in_cash(world):
    """Shares held after it and cash for the fraction are worth, at the close before, what was held: to half a micro-dollar."""
    played = world.play()
    journal, market, held = played.simulation.journal, played.simulation.market, Counter()
    for event in in_order(journal):
        if isinstance(event, Split):
            series = market.adjusted[market.row[event.symbol]]
            (index,) = (series.timestamp == event.timestamp).nonzero()[0]
            last = to_micros(float(series.close[index - 1] * prod(series.split[index:])))
            lieu = [one.amount_micros for one in played.of(CashInLieu) if (one.symbol, one.timestamp) == (event.symbol, event.timestamp)]
            after = Fraction(event.held_micros * last * event.old, event.new * 1_000_000) + sum(lieu)
            assert abs(Fraction(held[event.symbol] * last, 1_000_000) - after) <= Fraction(1, 2)
            assert abs(event.held_micros) * event.old <= abs(held[event.symbol]) * event.new
            held[event.symbol] = event.held_micros
        elif isinstance(event, Fill):
            held[event.symbol] += event.side.sign * event.quantity_micros


@given(worlds())
def test_shares_are_the_sum_of_the_fills(world):
    def check(simulation):
        held = Counter()
        for one in in_order(simulation.journal):
            if isinstance(one, Split):
                held[one.symbol] = one.held_micros
            elif isinstance(one, Fill):
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
    filled, spent = Counter(), Counter()
    for one in played.simulation.journal.fills:
        filled[one.order_id] += one.quantity_micros
        spent[one.order_id] += value(one.quantity_micros, one.price_micros)
    for order in played.orders:
        assert 0 <= order.filled_micros <= order.quantity_micros
        assert order.filled_value_micros == spent[order.order_id]
        assert order.asked is not None or order.filled_micros == filled[order.order_id]
        assert (order.status.value == "filled") == (order.filled_micros == order.quantity_micros)
        assert all(change.status.value in OPEN for change in order.changes[:-1])
        assert [change.timestamp for change in order.changes] == sorted(change.timestamp for change in order.changes)


@given(worlds())
def test_no_fill_happens_on_a_bar_at_or_before_its_decision(world):
    played = world.play()
    orders = {order.order_id: order for order in played.orders}
    lowers = world.config["stops"].get("lowers_on_dividend", False)
    traded = {(one.symbol, one.timestamp) for one in played.of(Entitlement) if lowers} | {
        (one.symbol, one.timestamp) for one in played.of(Split)
    }
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
    orders = {order.order_id: order for order in played.orders}
    for fill in played.simulation.journal.fills:
        limit = terms_at(orders[fill.order_id], fill.timestamp).limit_micros
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


@given(worlds(broker=st.just({"name": "robinhood"}), account=st.sampled_from(IN_FULL)))
def test_a_long_only_cash_account_never_owes_cash_or_shares(world):
    def check(simulation):
        assert simulation.engine.desk.book.cash_micros >= 0
        assert all(one.quantity_micros >= 0 for one in simulation.engine.desk.book.positions.values())

    played = world.play(each=check)
    assert all(fill.quantity_micros % 1_000_000 == 0 for fill in played.simulation.journal.fills)


@given(worlds(account=st.just(ACCOUNTS[-1]), stops=st.just({"attach": "never"}), guards=st.just({"enabled": False})))
def test_a_margin_account_enters_nothing_that_its_own_money_does_not_cover(world):
    """At the closes a decision is taken on: initial margin of positions and working entries is no more than equity, after every entry."""

    def check(simulation):
        desk, market = simulation.engine.desk, simulation.market
        entered = [one for one in desk.journal.orders if one.created_at == market.now and one.status.value not in {"denied", "rejected"}]
        opening = {one.order_id for one, _ in desk.blotter.entering()}
        if not any(one.order_id in opening for one in entered):
            return
        prices = {symbol: market.price_micros(row) for symbol, row in market.row.items()}
        held = sum(initial_of(one.quantity_micros, prices[name]) for name, one in desk.book.positions.items())
        coming = sum(initial_of(one.side.sign * left, entry_price(one, prices[one.symbol])) for one, left in desk.blotter.entering())
        assert held + coming <= desk.valuation.equity() + len(opening) * 1_000

    world.play(each=check)


@given(worlds(account=st.just(ACCOUNTS[-1])))
def test_a_margin_call_comes_exactly_where_equity_falls_below_maintenance(world):
    called = []

    def check(simulation):
        desk, market = simulation.engine.desk, simulation.market
        positions = [(one.quantity_micros, market.price_micros(market.row[one.symbol])) for one in desk.book.positions.values()]
        required = sum(maintenance_of(*position) for position in positions)
        below = desk.valuation.equity() < required
        calls = [one for one in simulation.journal.account_events if isinstance(one, MarginCall) and one.timestamp == market.now]
        assert len(calls) == (below and not (called and called[-1]))
        called.append(below)

    world.play(each=check)
