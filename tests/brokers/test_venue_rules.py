"""Robinhood as it is imitated: through the whole path, worked out by hand, and over random programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.acceptance import Acceptance
from brokers.simulated.broker import SimulatedBroker
from brokers.simulated.model import FillModel
from framework.app import assemble
from framework.domain.order import Order, OrderRole, OrderSide, OrderStatus, OrderType, TimeInForce
from framework.domain.values import MICRO
from framework.domain.venue import venue
from framework.engine.market import Market
from framework.errors import ConfigError
from framework.rules import lifecycle, limits
from tests.brokers.venues import DOOR, WIDE_OPEN
from tests.builders import bars, life, minutes, play, still
from tests.properties.worlds import markets, moves_with, worlds

ROBINHOOD = {"name": "robinhood"}
PARTS = {"broker": {"name": "robinhood", "fractional": True}, "orders": {"time_in_force": "day"}}
CAPPED = {"max_volume_share": 0.1}


def buy(quantity=10, *terms, **more):
    return lambda ctx: ctx.buy("A", quantity, *terms, **more)


def bracket(profit=110, stop=95, quantity=10):
    return lambda ctx: ctx.bracket("A", quantity, take_profit=profit, stop_loss=stop)


def on(script, *rows, **config):
    return play(script, bars("A", [*still(), *rows]), **{"broker": ROBINHOOD, **config})


def reasons(order):
    return [change.reason for change in order.changes]


# --- a buy is collared


@pytest.mark.parametrize(("opened", "filled"), [(105, True), (105.01, False), (70, True)])
def test_a_market_buy_pays_five_percent_more_than_the_last_price_at_most(opened, filled):
    played = on({0: buy()}, (opened, opened, opened, opened))
    assert played.fills == ([(1, "A", 10.0, opened)] if filled else [])


def test_beyond_its_collar_a_market_buy_rests_as_the_limit_order_it_is():
    played = on({0: buy()}, (112, 113, 111, 112), (111, 112, 106, 107), (104, 105, 103, 104))
    (order,) = played.orders
    assert played.fills == [(3, "A", 10.0, 104.0)]
    assert reasons(order)[2] == "opened at 112, beyond its collar: rests as a limit order at 105"
    assert (float(order.limit_price), order.decided.limit_micros) == (105.0, None)
    seen = played.simulation.broker.get_order(order.order_id)
    assert (seen.order_type, float(seen.limit_price)) == (OrderType.LIMIT, 105.0)


def test_the_price_may_come_back_within_the_bar():
    assert on({0: buy()}, (112, 113, 101, 102)).fills == [(1, "A", 10.0, 105.0)]


def test_a_collar_lies_on_the_tick_below():
    played = play({0: buy()}, bars("A", [*still(33.33), (36, 36, 34, 34)]), broker=ROBINHOOD)
    assert played.fills == [(1, "A", 10.0, 34.99)]  # 34.9965


def test_no_slippage_goes_beyond_the_collar():
    played = on({0: buy()}, (104.9, 105, 104, 105), fills={"slippage": {"model": "bps", "bps": 50}})
    assert played.fills == [(1, "A", 10.0, 105.0)]


def test_a_sale_is_not_collared():
    assert on({0: buy(), 1: lambda ctx: ctx.sell("A", 10)}, *still(), (70, 70, 70, 70)).fills[-1] == (2, "A", -10.0, 70.0)


@pytest.mark.parametrize(("row", "fills"), [
    ((110, 118, 109, 117), [(1, "A", 10.0, 110.0)]),
    ((100, 118, 99, 117), [(1, "A", 10.0, 110.0)]),
    ((115.5, 118, 115, 117), [(1, "A", 10.0, 115.5)]),
    ((116, 118, 115.6, 117), []),
    ((116, 118, 114, 117), [(1, "A", 10.0, 115.5)]),
])  # fmt: skip
def test_a_buy_stop_pays_five_percent_more_than_its_stop_at_most(row, fills):
    assert on({0: buy(10, "stop_loss", stop_price=110)}, row).fills == fills


def test_a_trailing_buy_pays_five_percent_more_than_the_level_it_has_reached():
    # The level follows the low of 80 to 88; the open at 93 is beyond 92.40.
    played = on({0: buy(10, "trailing_stop", trail_amount=10)}, (100, 100, 80, 80), (93, 95, 92.5, 95), (92, 92, 92, 92))
    assert played.fills == [(3, "A", 10.0, 92.0)]


def test_money_is_kept_up_to_the_collar_whatever_the_limits_say():
    config = {"account": {"cash": 1_049}, "limits": {"entry_collar_pct": 0.0}}
    assert on({0: buy()}, *still(), **config).refusals == ["insufficient_buying_power"]
    assert on({0: buy()}, *still(), **config | {"account": {"cash": 1_050}}).refusals == []


def test_elsewhere_a_market_buy_pays_what_the_open_asks():
    assert on({0: buy()}, *still(130), broker={"name": "generic"}).fills == [(1, "A", 10.0, 130.0)]


def test_after_a_split_the_collar_is_measured_from_the_open_behind_it():
    # Nothing trades on the bar before the split of one for ten.
    series = bars("A", [*still(), (100, 100, 100, 100, 0), *still(1000)], splits={2: 0.1})
    assert play({0: buy()}, series, broker=ROBINHOOD).fills == [(2, "A", 1.0, 1000.0)]


# --- shares are promised once


def test_the_stop_rests_at_the_venue_and_the_profit_is_held():
    played = on({0: bracket()}, *still(100, 2))
    _, stop, profit = played.orders
    assert (life(stop), life(profit)) == (["submitted", "accepted"], ["emulated"])
    assert reasons(profit) == ["held by us until its price is reached"]
    assert [one.order_id for one in played.simulation.broker.get_open_orders()] == [stop.order_id, profit.order_id]


def test_at_its_price_the_profit_takes_the_place_of_the_stop_and_fills_there():
    played = on({0: bracket()}, *still(), (100, 111, 99, 105))
    _, stop, profit = played.orders
    assert played.fills[1:] == [(2, "A", -10.0, 110.0)]
    assert life(profit) == ["emulated", "submitted", "accepted", "filled"]
    assert life(stop) == ["submitted", "accepted", "emulated", "pending_cancel", "canceled"]
    assert reasons(stop)[2] == f"its shares are needed for {profit.order_id}"


def test_an_open_above_the_target_sells_at_the_open():
    assert on({0: bracket()}, *still(), (115, 116, 114, 115)).fills[1:] == [(2, "A", -10.0, 115.0)]


def test_the_stop_needs_nobody_to_make_way():
    played = on({0: bracket()}, *still(), (100, 101, 94, 96))
    assert played.fills[1:] == [(2, "A", -10.0, 95.0)]
    assert life(played.orders[2]) == ["emulated", "pending_cancel", "canceled"]


def test_what_the_target_could_not_sell_is_guarded_at_the_venue_again():
    # Four of ten are sold at 110.
    played = on({0: bracket()}, *still(), (100, 111, 99, 105, 40), *still(105), fills=CAPPED)
    profit, rest = played.orders[2], played.orders[3]
    assert played.fills[1:] == [(2, "A", -4.0, 110.0)]
    assert (life(profit)[-1], life(rest)) == ("emulated", ["submitted", "accepted"])
    assert (played.stops(), float(profit.quantity - profit.filled_quantity)) == ([(6.0, 95.0)], 6.0)


def test_an_exit_of_the_strategy_is_held_beside_the_stop_of_the_config():
    script = {0: buy(), 1: lambda ctx: ctx.sell("A", 4, "limit", limit_price=108)}
    stops = {"attach": "entries", "method": "percent", "percent": 5}
    played = on(script, *still(100, 2), (100, 109, 99, 105), *still(105), stops=stops)
    assert played.fills[1:] == [(3, "A", -4.0, 108.0)]
    assert life(played.orders[2]) == ["emulated", "submitted", "accepted", "filled"]
    assert played.stops() == [(6.0, 95.0)]


def test_a_second_sale_of_the_same_shares_is_refused():
    def script(ctx):
        ctx.sell("A", 10, "limit", limit_price=110)
        ctx.sell("A", 1, "limit", limit_price=120)

    played = on({0: buy(), 1: script}, *still(100, 2))
    assert (played.refusals, life(played.orders[2])) == (["short_not_allowed"], ["denied"])
    assert "0 shares are free to sell" in played.simulation.journal.refusals[0].detail


def test_of_two_that_cancel_each_other_the_later_one_is_held_until_its_price_and_the_other_then():
    def pair(ctx):
        target = ctx.sell("A", 10, "limit", limit_price=110)
        ctx.sell("A", 10, "stop_loss", stop_price=95, oco=target)

    played = on({0: buy(), 1: pair}, *still(100, 2), (100, 101, 94, 94, 40), (94, 94, 94, 94), fills=CAPPED)
    _, target, stop = played.orders[:3]
    assert played.fills[1:] == [(3, "A", -4.0, 95.0), (4, "A", -6.0, 94.0)]
    assert life(stop)[:3] == ["emulated", "submitted", "accepted"]
    assert life(target)[:3] == ["submitted", "accepted", "emulated"]


def test_a_stop_attached_later_takes_the_place_of_what_rests():
    script = {
        0: buy(),
        1: lambda ctx: ctx.sell("A", 10, "limit", limit_price=110),
        2: lambda ctx: ctx.bracket("A", 5, stop_loss=95),
    }
    played = on(script, *still(100, 4), account={"cash": 10_000})
    limit, stop = played.orders[1], played.orders[-1]
    assert (life(limit), life(stop)) == (["submitted", "accepted", "emulated"], ["submitted", "accepted"])
    assert played.stops() == [(15.0, 95.0)]


def test_a_market_sale_takes_the_place_of_the_partner_it_cancels():
    def script(ctx):
        target = ctx.sell("A", 10, "limit", limit_price=110)
        ctx.sell("A", 10, oco=target)

    played = on({0: buy(), 1: script}, *still(100, 3))
    assert played.fills[1:] == [(2, "A", -10.0, 100.0)]
    assert life(played.orders[1]) == ["submitted", "accepted", "emulated", "pending_cancel", "canceled"]


def test_no_more_is_taken_back_than_is_needed_and_partners_first():
    def script(ctx):
        ctx.sell("A", 5, "limit", limit_price=120)
        target = ctx.sell("A", 5, "limit", limit_price=110)
        ctx.sell("A", 5, oco=target)

    played = on({0: buy(), 1: script}, *still(100, 3))
    other, target = played.orders[1:3]
    assert (life(other), "emulated" in life(target)) == (["submitted", "accepted"], True)


def test_a_held_order_ends_with_its_day():
    script = {0: bracket(), 1: lambda ctx: ctx.sell("A", 10, "limit", limit_price=108, time_in_force="day")}
    played = on(script, *still(100, 3))
    assert life(played.orders[3]) == ["emulated", "expired"]


def test_elsewhere_both_exits_rest():
    played = on({0: bracket()}, *still(), (100, 111, 99, 105), broker={"name": "generic"})
    assert [life(one)[1:] for one in played.orders[1:]] == [["accepted", "pending_cancel", "canceled"], ["accepted", "filled"]]


# --- a stop that has been passed


def test_a_stop_at_the_price_is_refused_when_the_strategy_asks_for_it():
    played = on({0: buy(), 1: lambda ctx: ctx.sell("A", 10, "stop_loss", stop_price=100)}, *still(100, 2))
    assert (played.refusals, played.held()) == (["stop_price_passed"], 10.0)


@pytest.mark.parametrize(("row", "fills"), [((90, 92, 89, 91), [(2, "A", -10.0, 90.0)]), ((97, 98, 96, 97), [])])
def test_a_protective_stop_that_the_entry_has_passed_is_held_and_leaves_at_once(row, fills):
    # Bought at 94 below its stop of 95: sold where it was bought, or if nothing is left of the volume, at the next price below 95.
    played = on({0: bracket()}, (94, 94, 94, 94, 100), row, fills=CAPPED)
    assert life(played.orders[1])[0] == "emulated"
    assert played.fills[1:] == (fills or [(2, "A", -10.0, 97.0)])


def test_a_held_stop_rests_at_the_venue_as_soon_as_it_can():
    played = on({0: bracket()}, (94, 96, 94, 96, 100), fills=CAPPED)
    assert life(played.orders[1]) == ["emulated", "submitted", "accepted"]
    assert reasons(played.orders[1])[1] == "the venue can have it again"


# --- a stop that is taken away


def test_a_position_that_loses_its_stop_by_the_strategy_s_word_is_recorded_as_bare():
    def cancel(ctx):
        (stop,) = ctx.open_orders("A")
        return ctx.cancel(stop)

    stops = {"attach": "entries", "method": "percent", "percent": 5}
    played = on({0: buy(), 1: cancel}, *still(100, 3), stops=stops)
    (refusal,) = played.simulation.journal.refusals
    assert (refusal.code, refusal.symbol, refusal.timestamp) == ("unprotected", "A", played.times[1])
    assert "nothing guards 10 A" in refusal.detail
    assert (played.strategy.returned[1], played.held(), played.stops()) == (True, 10.0, [])


def test_a_position_whose_stop_the_venue_rejects_is_recorded_as_bare(monkeypatch):
    taken = Acceptance.refusal
    monkeypatch.setattr(Acceptance, "refusal", lambda self, order: "halted" if order.role is OrderRole.STOP else taken(self, order))
    played = on({0: buy()}, *still(100, 2), stops={"attach": "entries", "method": "percent", "percent": 5})
    assert set(played.refusals) == {"unprotected"}
    assert life(played.orders[1]) == ["submitted", "rejected"]
    assert played.simulation.journal.refusals[0].detail.endswith("nothing guards 10 A any more, the venue says halted")


def test_canceling_an_exit_that_is_no_stop_leaves_nobody_bare():
    played = on({0: bracket(), 1: lambda ctx: ctx.cancel(ctx.open_orders("A")[1])}, *still(100, 3))
    assert (played.refusals, played.stops()) == ([], [(10.0, 95.0)])


# --- prices of the user


@pytest.mark.parametrize("ask", [
    buy(10, "limit", limit_price=99.995),
    buy(10, "stop_loss", stop_price=100.005),
    lambda ctx: ctx.bracket("A", 10, take_profit=110.005, stop_loss=95),
    lambda ctx: ctx.bracket("A", 10, take_profit=110, stop_loss=94.999),
    lambda ctx: ctx.target("A", 1.0, stop=94.999),
])  # fmt: skip
@pytest.mark.parametrize("name", ["robinhood", "generic"])
def test_a_price_between_two_ticks_is_refused_and_no_entry_goes_without_its_exits(ask, name):
    played = on({0: ask}, *still(100, 2), broker={"name": name}, sizing={"method": "equal"})
    assert (played.refusals, played.fills, [life(one) for one in played.orders]) == (["off_tick"], [], [["denied"]])


def test_no_exit_is_stopped_by_a_stop_given_with_it():
    script = {0: buy(10), 1: lambda ctx: ctx.target("A", 0.001, stop=94.999)}
    played = on(script, *still(100, 3), sizing={"method": "equal", "max_position_pct": 1.0})
    assert (played.refusals, played.fills[1][2] < 0) == ([], True)


# --- parts of a share


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


# --- outside of regular hours

DAY = date(2012, 1, 3)
#: Closes of bars, minutes after the open at 9:30: 7:10, 9:00, 10:00, 16:00, 18:00, 20:30.
TIMES = minutes(DAY, [-140, -30, 30, 390, 510, 660])


def hours(script, *prices, times=TIMES, **config):
    rows = [(price, price, price, price) for price in prices]
    return play(script, bars("A", rows, times), **{"broker": ROBINHOOD, "data": {"resolution": "1m"}, **config})


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


def placed(order_id, quantity=10, side=OrderSide.SELL, held=10, kind=OrderType.LIMIT, status=OrderStatus.SUBMITTED, **fields):
    """An order that limits of another venue have approved."""
    fields = {"limit_micros": 110 * MICRO} | fields if kind is OrderType.LIMIT else fields
    asked = Order(order_id, "A", side, round(quantity * MICRO), kind, 0, **fields)
    passed, refusal = limits.check(asked, WIDE_OPEN._replace(held=held * MICRO), DOOR)
    assert passed is not None, refusal
    lifecycle.change(passed.order, status, 0)
    return passed


@pytest.fixture
def broker():
    """A venue at which 10 A are held, bought at 100."""
    series = bars("A", still(100, 50))
    market = Market({"A": series}, daily=True)
    market.cursor[0], market.now = 0, int(series.timestamp[0])
    opened = SimulatedBroker(market, venue("robinhood"), 10_000 * MICRO, FillModel(volume_share=0.0), lambda time: (time - 1, time))
    opened.connect()
    opened.place_order(placed("entry", side=OrderSide.BUY, held=0, kind=OrderType.MARKET))
    market.cursor[0], market.now = 1, int(series.timestamp[1])
    opened.on_slice([0])
    assert opened.get_positions()[0].quantity_micros == 10 * MICRO
    return opened


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


# --- over random programs

AT_ROBINHOOD = worlds(
    broker=st.sampled_from([ROBINHOOD, {"name": "robinhood", "fractional": True}]), orders=st.just({"time_in_force": "day"})
)


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
