"""Robinhood as it is imitated: through the whole path, worked out by hand, and over random programs."""

from __future__ import annotations

import pytest

from brokers.simulated.acceptance import Acceptance
from framework.domain.order import OrderRole, OrderType
from tests.brokers.venue_days import ROBINHOOD, buy, on
from tests.builders import bars, life, play, still

CAPPED = {"max_volume_share": 0.1}


def bracket(profit=110, stop=95, quantity=10):
    return lambda ctx: ctx.bracket("A", quantity, take_profit=profit, stop_loss=stop)


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
