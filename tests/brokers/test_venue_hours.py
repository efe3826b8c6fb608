"""Parts of a share, times outside of regular hours, and the venue on its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.app.assembly import assemble
from framework.domain.order import OrderRole, OrderSide, OrderStatus, OrderType, TimeInForce
from framework.domain.values import MICRO
from framework.domain.venue import venue
from framework.errors import ConfigError
from tests.brokers.venue_days import ROBINHOOD, buy, on, placed, venue_with_shares
from tests.builders import bars, life, minutes, play, still
from tests.properties.worlds import markets, moves_with, worlds

PARTS = {"broker": {"name": "robinhood", "fractional": True}, "orders": {"time_in_force": "day"}}


# --- parts of a share


@pytest.fixture
def broker():
    return venue_with_shares()


def test_whole_shares_are_traded_unless_parts_are_asked_for():
    assert on({0: buy(0.5)}, *still(100, 2)).refusals == ["fractional_not_allowed"]
    assert on({0: buy(0.5, time_in_force="day")}, *still(100, 2), **PARTS).fills == [(1, "A", 0.5, 100.0)]


def test_parts_of_a_share_need_orders_for_the_day():
    assert on({0: buy(0.5)}, *still(100, 2), **PARTS).refusals == ["time_in_force_not_supported"]
    assert on({0: buy(2)}, *still(100, 2), **PARTS).fills == [(1, "A", 2.0, 100.0)]
    with pytest.raises(ConfigError, match=r'\[broker\] fractional = true with \[orders\] time_in_force = "gtc".*set .* = "day"'):
        on({0: buy(0.5)}, *still(100, 2), broker=PARTS["broker"])


def test_targets_are_sized_in_parts_of_a_share():
    config = PARTS | {"sizing": {"method": "equal", "max_position_pct": 0.0012, "min_position_value": 1}}
    (fill,) = on({0: lambda ctx: ctx.target("A", 1.0)}, *still(100, 2), **config).fills
    assert fill[2] == pytest.approx(1.2, abs=2e-6)


@pytest.mark.parametrize(("quantity", "sold"), [(2.5, [-2.0, -0.5]), (0.5, [-0.5])])
def test_whole_shares_are_guarded_at_the_venue_and_parts_by_us(quantity, sold):
    config = PARTS | {"stops": {"attach": "entries", "method": "percent", "percent": 5}}
    played = on({0: buy(quantity, time_in_force="day")}, *still(), (100, 101, 94, 96), *still(96), **config)
    assert [fill for fill in played.fills if fill[2] < 0] == [(2, "A", part, 95.0) for part in sold]
    assert [life(one)[0] for one in played.orders[1:]] == ["submitted", "emulated"][-len(sold) :]


def test_a_target_for_parts_of_a_share_is_held_and_fills_at_its_price():
    played = on({0: lambda ctx: ctx.bracket("A", 1.5, take_profit=110, time_in_force="day")}, *still(), (100, 111, 99, 105), **PARTS)
    assert played.fills == [(1, "A", 1.5, 100.0), (2, "A", -1.5, 110.0)]
    assert life(played.orders[1]) == ["emulated", "submitted", "accepted", "filled"]


def test_generic_can_be_kept_to_whole_shares():
    assert on({0: buy(0.5)}, *still(100, 2), broker={"name": "generic", "fractional": False}).refusals == ["fractional_not_allowed"]


DAY = date(2012, 1, 3)
#: Closes of bars, minutes after the open at 9:30: 7:10, 9:00, 10:00, 16:00, 18:00, 20:30.
TIMES = minutes(DAY, [-140, -30, 30, 390, 510, 660])


def hours(script, *prices, times=TIMES, **config):
    rows = [(price, price, price, price) for price in prices]
    return play(script, bars("A", rows, times), **{"broker": ROBINHOOD, "data": {"resolution": "1m"}, **config})


# --- outside of regular hours


@pytest.mark.parametrize(("extended", "fills"), [(False, [(2, "A", 10.0, 98.0)]), (True, [(1, "A", 10.0, 99.0)])])
def test_only_an_order_for_extended_hours_trades_before_the_open(extended, fills):
    played = hours({0: buy(10, "limit", limit_price=99, extended_hours=extended)}, 100, 99, 98, 98, 98, 98)
    assert played.fills == fills
    assert played.orders[0].reason == ("explicit, extended hours" if extended else "explicit")


@pytest.mark.parametrize(("extended", "fills"), [(False, []), (True, [(4, "A", 10.0, 90.0)])])
def test_only_an_order_for_extended_hours_trades_after_the_close(extended, fills):
    played = hours({3: buy(10, "limit", limit_price=95, extended_hours=extended)}, 100, 100, 100, 100, 90, 90)
    assert played.fills == fills


def test_a_bar_that_closes_at_the_open_is_before_it():
    played = hours({0: buy(10, "limit", limit_price=99)}, 100, 99, 98, times=minutes(DAY, [-30, 0, 30]))
    assert played.fills == [(2, "A", 10.0, 98.0)]


def test_the_stop_of_an_entry_before_the_open_waits_for_it():
    series = bars("A", [*still(), (99, 99, 80, 85), (85, 86, 84, 85)], minutes(DAY, [-60, -30, 30]))
    script, stops = {0: buy(10, "limit", limit_price=99, extended_hours=True)}, {"attach": "entries", "method": "percent", "percent": 5}
    played = play(script, series, broker=ROBINHOOD, stops=stops, data={"resolution": "1m"})
    assert played.fills == [(1, "A", 10.0, 99.0), (2, "A", -10.0, 85.0)]


def test_extended_hours_end_too():
    assert hours({3: buy(10, "limit", limit_price=95, extended_hours=True)}, 100, 100, 100, 100, 100, 90).fills == []
    early = minutes(DAY, [-200, -160, 30])
    assert hours({0: buy(10, "limit", limit_price=95, extended_hours=True)}, 100, 90, 100, times=early).fills == []


@pytest.mark.parametrize(("minute", "fills"), [(620, [(2, "A", 10.0, 90.0)]), (640, [])])
def test_an_extended_order_for_the_day_works_until_eight_in_the_evening(minute, fills):
    # 16:00 and four hours are minute 630.
    times = (*minutes(DAY, [30, 390, minute]), *minutes(DAY + timedelta(days=1), [30]))
    played = hours({1: buy(10, "limit", limit_price=95, time_in_force="day", extended_hours=True)}, 100, 100, 90, 90, times=times)
    assert played.fills == fills
    assert fills or life(played.orders[0])[-1] == "expired"


def test_a_stop_does_not_look_outside_of_regular_hours():
    stops = {"attach": "entries", "method": "percent", "percent": 5}
    played = hours({2: buy(10)}, 100, 100, 100, 100, 90, 100, stops=stops)
    assert (played.fills, played.stops()) == ([(3, "A", 10.0, 100.0)], [(10.0, 95.0)])


def test_a_trailing_stop_neither_follows_nor_falls_outside_of_regular_hours():
    played = hours({2: buy(10), 3: lambda ctx: ctx.sell("A", 10, "trailing_stop", trail_amount=10)}, 100, 100, 100, 100, 150, 60)
    (trail,) = played.simulation.broker.get_open_orders()
    assert float(trail.stop_price) == 90.0


def test_market_orders_are_not_taken_for_extended_hours():
    assert hours({0: buy(10, extended_hours=True)}, 100, 100, 100, 100, 100, 100).refusals == ["extended_hours_not_supported"]


def test_a_day_of_daily_bars_is_never_outside_of_its_hours():
    late = [minute + 5 * 60 * 10**9 for minute in minutes(DAY, [390])]
    played = play({0: buy()}, bars("A", still(100, 2), [minutes(DAY, [390])[0], *late]), broker=ROBINHOOD)
    assert played.fills == [(1, "A", 10.0, 100.0)]


# --- the venue itself


def test_the_venue_rejects_a_second_promise_of_the_same_shares(broker):
    assert broker.place_order(placed("first", 6)).status is OrderStatus.ACCEPTED
    second = broker.place_order(placed("second", 5))
    assert (second.status, second.changes[-1].reason) == (OrderStatus.REJECTED, "short_not_allowed")
    assert broker.place_order(placed("third", 4)).status is OrderStatus.ACCEPTED


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"time_in_force": TimeInForce.IOC}, "time_in_force_not_supported"),
        ({"quantity": 1.5}, "fractional_not_allowed"),
        ({"kind": OrderType.STOP_LOSS, "stop_micros": 100 * MICRO}, "stop_price_passed"),
        ({"kind": OrderType.MARKET, "extended_hours": True}, "extended_hours_not_supported"),
    ],
)
def test_the_venue_rejects_what_its_rules_refuse(broker, asked, code):
    answer = broker.place_order(placed("order", **{"quantity": 1} | asked))
    assert (answer.status, answer.changes[-1].reason) == (OrderStatus.REJECTED, code)


def test_a_held_order_promises_nothing_until_it_is_sent(broker):
    broker.place_order(placed("first"))
    assert broker.place_order(placed("second", status=OrderStatus.EMULATED)).status is OrderStatus.EMULATED
    broker.release_order("second")
    assert broker.get_order("second").status is OrderStatus.REJECTED
    broker.hold_order("first")
    assert broker.place_order(placed("third")).status is OrderStatus.ACCEPTED
    assert broker.cancel_order("third")
    broker.release_order("first")
    assert broker.get_order("first").status is OrderStatus.ACCEPTED


AT_ROBINHOOD = worlds(
    broker=st.sampled_from([ROBINHOOD, {"name": "robinhood", "fractional": True}]), orders=st.just({"time_in_force": "day"})
)


# --- over random programs


@given(AT_ROBINHOOD)
def test_what_was_accepted_is_not_refused_and_what_was_refused_is_not_sent(world):
    def check(simulation):
        book, working = simulation.engine.desk.book, simulation.broker.get_open_orders()
        for symbol, position in book.positions.items():
            promised = [one for one in working if one.symbol == symbol and one.side is OrderSide.SELL]
            at_venue = sum(one.leaves_micros for one in promised if one.status is not OrderStatus.EMULATED)
            assert at_venue <= max(position.quantity_micros, 0)

    played = world.play(each=check)
    known = played.simulation.broker._orders
    for order in played.orders:
        assert order.status is not OrderStatus.REJECTED
        assert (order.status is OrderStatus.DENIED) is (order.order_id not in known)


@given(worlds(broker=st.just(ROBINHOOD)))
def test_holding_orders_ourselves_changes_no_decision_and_no_fill(world):
    held = world.play().simulation.journal
    with pytest.MonkeyPatch.context() as patched:
        rules = replace(venue("robinhood"), reserves_shares=False)
        cash = world.config["account"].get("type") == "cash"
        patched.setattr(assemble, "venue_of", lambda _: replace(rules, shorting=False) if cash else rules)
        resting = world.play().simulation.journal
    assert held.decisions_hash == resting.decisions_hash
    assert held.fills == resting.fills
    assert held.refusals == resting.refusals


@given(worlds(series=markets(moves_with(1.0)), broker=st.just(ROBINHOOD)))
def test_a_market_buy_never_pays_more_than_a_twentieth_above_the_close_it_was_decided_at(world):
    played = world.play()
    decided = {order.order_id: order for order in played.orders}
    closes = {(one.symbol, int(time)): close for one in world.series for time, close in zip(one.timestamp, one.close, strict=True)}
    for fill in played.simulation.journal.fills:
        order = decided[fill.order_id]
        if fill.side is OrderSide.BUY and order.order_type is OrderType.MARKET:
            before = max(time for symbol, time in closes if symbol == fill.symbol and time <= order.created_at)
            assert fill.price_micros <= closes[fill.symbol, before] * 1.05 * MICRO


@given(worlds(broker=st.just(ROBINHOOD), stops=st.just({"attach": "entries", "method": "percent"})))
def test_every_stop_rests_at_the_venue_unless_it_cannot(world):
    def check(simulation):
        market = simulation.market
        for one in simulation.broker.get_open_orders():
            if one.role is OrderRole.STOP and one.status is OrderStatus.EMULATED:
                assert one.stop_micros >= market.price_micros(market.row[one.symbol])

    world.play(each=check)
