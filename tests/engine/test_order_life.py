"""From decision to end: when an order acts, how long it works, who hears of it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from framework.domain.order import OrderStatus
from framework.errors import InvalidOrderError
from tests.builders import Scripted, bars, life, minutes, play, still

MONDAY, TUESDAY = date(2012, 1, 9), date(2012, 1, 10)


def limit(price, force="gtc"):
    return lambda ctx: ctx.buy("A", 10, "limit", limit_price=price, time_in_force=force)


def test_a_day_order_on_daily_bars_ends_with_the_session_after_the_decision():
    played = play({0: limit(90, "day")}, bars("A", [*still(100, 2), (100, 100, 85, 90)]))
    (order,) = played.orders
    assert played.fills == []
    assert order.status is OrderStatus.EXPIRED
    assert order.changes[-1].timestamp == played.times[1]


def test_a_day_order_is_gone_when_the_strategy_decides_at_the_end_of_its_session():
    seen = []
    script = {0: limit(90, "day"), 1: lambda ctx: seen.append(ctx.open_orders("A"))}
    play(script, bars("A", still(100, 3)))
    assert seen == [[]]


def test_a_day_order_placed_during_a_session_works_until_its_last_minute():
    times = (*minutes(MONDAY, (1, 2, 390)), *minutes(TUESDAY, (1,)))
    rows = [*still(100, 2), (100, 100, 95, 96), (96, 96, 80, 90)]
    filled = play({0: limit(95, "day")}, bars("A", rows, times), data={"resolution": "1m"})
    assert filled.fills == [(2, "A", 10.0, 95.0)]
    missed = play({0: limit(90, "day")}, bars("A", rows, times), data={"resolution": "1m"})
    assert (missed.fills, missed.orders[0].changes[-1].timestamp) == ([], times[2])


def test_a_day_order_placed_at_the_close_works_through_the_next_session():
    times = (*minutes(MONDAY, (389, 390)), *minutes(TUESDAY, (1, 2)))
    rows = [*still(100, 3), (100, 100, 90, 95)]
    played = play({1: limit(90, "day")}, bars("A", rows, times), data={"resolution": "1m"})
    assert played.fills == [(3, "A", 10.0, 90.0)]


def test_a_day_order_ends_at_the_early_close_of_a_half_day():
    # 2011-11-25 closed at 13:00 New York, after 210 minutes.
    friday = date(2011, 11, 25)
    times = minutes(friday, (1, 209, 210))
    played = play({0: limit(90, "day")}, bars("A", still(100, 3), times), data={"resolution": "1m"})
    assert played.orders[0].changes[-1][:3] == (times[2], OrderStatus.EXPIRED, "day order at the end of its session")


def test_a_day_order_whose_symbol_falls_silent_still_ends():
    times = (*minutes(MONDAY, (1, 2)), *minutes(TUESDAY, (1,)))
    rows = [*still(100, 2), (80, 80, 80, 80)]
    played = play({0: limit(90, "day")}, bars("A", rows, times), data={"resolution": "1m"})
    assert (played.fills, life(played.orders[0])[-1]) == ([], "expired")


def test_a_gtc_order_stays_until_it_fills():
    played = play({0: limit(90)}, bars("A", [*still(100, 8), (95, 95, 90, 92)]))
    assert played.fills == [(8, "A", 10.0, 90.0)]


def test_a_cancel_in_the_bar_of_the_order_is_done():
    script = {0: lambda ctx: ctx.cancel(ctx.buy("A", 10))}
    played = play(script, bars("A", still(100, 3)))
    assert played.strategy.returned == {0: True}
    assert life(played.orders[0]) == ["submitted", "accepted", "pending_cancel", "canceled"]
    assert played.fills == []


def test_a_cancel_of_an_ended_order_says_no():
    held = []
    script = {0: lambda ctx: held.append(ctx.buy("A", 10)), 1: lambda ctx: ctx.cancel(held[0])}
    played = play(script, bars("A", still(100, 3)))
    assert played.strategy.returned[1] is False
    assert life(played.orders[0]) == ["submitted", "accepted", "filled"]


def test_cancel_all_spares_the_protective_stops():
    script = {0: lambda ctx: ctx.buy("A", 10), 1: limit(90), 2: lambda ctx: ctx.cancel_all()}
    played = play(script, bars("A", still(100, 4)), stops={"attach": "entries", "method": "percent", "percent": 5})
    assert played.strategy.returned[2] == 1
    assert played.stops() == [(10.0, 95.0)]


def test_close_cancels_what_works_and_leaves_at_market():
    script = {0: lambda ctx: ctx.buy("A", 10), 1: lambda ctx: ctx.sell("A", 10, "limit", limit_price=120), 2: lambda ctx: ctx.close("A")}
    played = play(script, bars("A", [*still(100, 3), (101, 130, 101, 130)]))
    assert played.fills == [(1, "A", 10.0, 100.0), (3, "A", -10.0, 101.0)]
    assert played.simulation.broker.get_open_orders() == []


def test_close_without_a_position_does_nothing():
    assert play({0: lambda ctx: ctx.close("A")}, bars("A", still(100, 2))).strategy.returned == {0: None}


def test_orders_of_the_last_bar_stay_open():
    played = play({1: lambda ctx: ctx.buy("A", 10)}, bars("A", still(100, 2)))
    assert played.fills == []
    assert life(played.orders[0]) == ["submitted", "accepted"]


def test_an_order_id_is_never_used_twice():
    played = play(lambda ctx: [ctx.buy("A", 1), ctx.buy("A", 1), ctx.sell("A", 1)], bars("A", still(100, 5)))
    ids = [order.order_id for order in played.orders]
    assert len(ids) == len(set(ids)) == 15


# --- who hears of it


def told(played, kind):
    return [entry[1:] for entry in played.strategy.heard if entry[0] == kind]


def test_callbacks_come_once_each_with_the_state_as_it_was():
    played = play({0: lambda ctx: ctx.buy("A", 10)}, bars("A", still(100, 2)))
    now = datetime(2012, 1, 4, 21, tzinfo=UTC)
    assert [(when, order.status.value) for when, order in told(played, "order")] == [
        (now, "submitted"),
        (now, "accepted"),
        (now, "filled"),
    ]
    assert [order.changes[-1].timestamp for _, order in told(played, "order")] == [played.times[0], played.times[0], played.times[1]]
    assert [(when, fill.price) for when, fill in told(played, "fill")] == [(now, 100)]


def test_a_fill_is_heard_before_the_decision_of_its_bar():
    order = []

    class Listening(Scripted):
        def on_fill(self, ctx, _):
            order.append(("fill", float(ctx.position("A").quantity)))

    play(Listening({0: lambda ctx: ctx.buy("A", 10), 1: lambda _: order.append("bar")}), bars("A", still(100, 2)))
    assert order == [("fill", 10.0), "bar"]


def test_a_refused_order_is_heard_too():
    played = play({0: lambda ctx: ctx.buy("A", 10_000)}, bars("A", still(100, 2)))
    ((_, order),) = told(played, "order")
    assert (order.status.value, order.changes[-1].reason) == ("denied", "insufficient_buying_power")


def test_a_strategy_that_answers_every_change_with_an_order_does_not_hang():
    class Chatty(Scripted):
        def on_order(self, ctx, _):
            ctx.buy("A", 1)

    played = play(Chatty({0: lambda ctx: ctx.buy("A", 1)}), bars("A", still(100, 4)))
    assert 3 <= len(played.orders) < 200


def test_start_and_stop_are_called_once_at_the_ends():
    played = play({0: lambda ctx: ctx.buy("A", 1)}, bars("A", still(100, 3)))
    assert [entry[0] for entry in played.strategy.heard] == ["start", "order", "order", "fill", "order", "stop"]
    assert told(played, "stop") == [(datetime(2012, 1, 5, 21, tzinfo=UTC),)]


def test_the_order_returned_shows_its_own_progress():
    seen = []
    orders = []
    script = {0: lambda ctx: orders.append(ctx.buy("A", 10)), 1: lambda _: seen.append(orders[0].status.value)}
    play(script, bars("A", still(100, 2)))
    assert seen == ["filled"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ctx: ctx.buy("A", -1), "quantity = -1"),
        (lambda ctx: ctx.buy("B", 1), "'B' is not in the universe"),
        (lambda ctx: ctx.buy("A", 1, "limit"), "needs limit_price"),
        (lambda ctx: ctx.open_orders("B"), "'B' is not in the universe"),
        (lambda ctx: ctx.cancel_all("B"), "'B' is not in the universe"),
        (lambda ctx: ctx.position("B"), "'B' is not in the universe"),
        (lambda ctx: ctx.close("B"), "'B' is not in the universe"),
        (lambda ctx: ctx.target("A", 1.5), "strength 1.5"),
        (lambda ctx: ctx.target("A", float("nan")), "strength nan"),
        (lambda ctx: ctx.target("A", 1, stop=-5), "stop = -5"),
        (lambda ctx: ctx.bracket("A", 1, take_profit=90, stop_loss=95), "stop_loss = 95 must be below"),
    ],
)
def test_an_impossible_wish_is_refused_with_its_place(call, message):
    with pytest.raises(InvalidOrderError, match=message) as caught:
        play({1: call}, bars("A", still(100, 3)))
    assert "Scripted.on_bar at 2012-01-04 21:00 UTC" in str(caught.value)
