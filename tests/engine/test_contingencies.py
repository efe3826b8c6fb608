"""Orders that belong together: one cancels the other, and an entry that triggers its exits."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from framework.errors import InvalidOrderError
from tests.builders import bars, life, play, still

CAPPED = {"max_volume_share": 0.10}
FIVE_PERCENT = {"attach": "entries", "method": "percent", "percent": 5}


def pair(quantity=10, profit=110, stop=95):
    """A limit and a stop of which only one is to sell."""

    def script(ctx):
        first = ctx.sell("A", quantity, "limit", limit_price=profit)
        ctx.sell("A", quantity, "stop_loss", stop_price=stop, oco=first)

    return script


def held_then(script, quantity=10):
    return {0: lambda ctx: ctx.buy("A", quantity), 1: script}


# --- one cancels the other


@pytest.mark.parametrize(("path", "price"), [("pessimistic", 95.0), ("optimistic", 110.0)])
def test_of_two_exits_reached_in_one_bar_the_first_along_the_path_sells_and_the_other_is_canceled(path, price):
    played = play(held_then(pair()), bars("A", [*still(100, 2), (100, 112, 94, 100), (100, 120, 80, 100)]), fills={"path": path})
    assert played.fills[1:] == [(2, "A", -10.0, price)]
    assert sorted(life(order)[-1] for order in played.orders[1:]) == ["canceled", "filled"]


def test_both_reached_at_the_open_print_only_the_older_one_trades():
    def script(ctx):
        first = ctx.sell("A", 10, "limit", limit_price=90)
        ctx.sell("A", 10, "limit", limit_price=91, oco=first)

    played = play(held_then(script), bars("A", still(100, 3)))
    assert played.fills[1:] == [(2, "A", -10.0, 100.0)]


def test_a_venue_without_short_selling_takes_the_pair_because_only_one_can_sell():
    played = play(held_then(pair()), bars("A", [*still(100, 2), (100, 111, 99, 105)]), broker={"name": "robinhood"})
    assert (played.refusals, played.fills[1:], played.held()) == ([], [(2, "A", -10.0, 110.0)], 0.0)


def test_a_third_order_joins_the_group():
    def script(ctx):
        first = ctx.sell("A", 10, "limit", limit_price=110)
        second = ctx.sell("A", 10, "stop_loss", stop_price=95, oco=first)
        ctx.sell("A", 10, "limit", limit_price=105, oco=second)

    played = play(held_then(script), bars("A", [*still(100, 2), (100, 120, 99, 100), (100, 120, 80, 100)]))
    assert played.fills[1:] == [(2, "A", -10.0, 105.0)]
    assert played.simulation.broker.get_open_orders() == []


def test_a_part_that_fills_is_taken_from_the_other():
    # A tenth of 40 shares at 110, then the price falls through 95: six are left to sell, not ten.
    rows = [*still(100, 2), (108, 111, 107, 109, 40), (100, 101, 94, 96), *still(90)]
    played = play(held_then(pair()), bars("A", rows), fills=CAPPED)
    assert played.fills[1:] == [(2, "A", -4.0, 110.0), (3, "A", -6.0, 95.0)]
    assert played.held() == 0.0
    assert played.simulation.broker.get_open_orders() == []


def test_a_pair_of_entries_reserves_the_dearer_of_the_two_and_buys_once():
    # 90 at 105 is most of the 10,000 dollars; both together would be twice of it.
    def script(ctx):
        dip = ctx.buy("A", 90, "limit", limit_price=95)
        ctx.buy("A", 90, "stop_loss", stop_price=105, oco=dip)
        ctx.buy("B", 10)

    world = bars("A", [*still(), (100, 106, 99, 101), (100, 101, 90, 91)]), bars("B", still(100, 3))
    played = play({0: script}, *world, account={"cash": 10_000})
    assert played.fills == [(1, "A", 90.0, 105.0)]
    assert played.refusals == ["insufficient_buying_power"]


def test_what_a_pair_leaves_of_the_cash_can_be_spent():
    def script(ctx):
        dip = ctx.buy("A", 50, "limit", limit_price=95)
        ctx.buy("A", 50, "stop_loss", stop_price=100, oco=dip)
        ctx.buy("B", 45)

    played = play({0: script}, bars("A", still(99, 2)), bars("B", still(100, 2)), account={"cash": 10_000})
    assert (played.refusals, played.held("B")) == ([], 45.0)


def test_a_pair_of_exits_leaves_the_shares_it_does_not_need():
    # Twelve are held: a pair for ten leaves two to sell, and a third would be a short.
    def script(ctx):
        pair()(ctx)
        ctx.sell("A", 2, "limit", limit_price=120)
        ctx.sell("A", 1, "limit", limit_price=121)

    played = play(held_then(script, 12), bars("A", still(100, 3)), broker={"name": "robinhood"})
    assert played.refusals == ["short_not_allowed"]


def test_an_order_cannot_join_one_that_has_filled():
    def script(ctx):
        bought = next(one for one in played_orders if one.symbol == "A")
        return ctx.sell("A", 10, "limit", limit_price=110, oco=bought)

    played_orders = []
    played = play({0: lambda ctx: played_orders.append(ctx.buy("A", 10)), 1: script}, bars("A", still(100, 3)))
    assert played.refusals == ["oco_filled"]
    assert life(played.orders[1]) == ["denied"]


def test_a_partner_that_is_no_order_is_refused_at_the_call():
    with pytest.raises(InvalidOrderError, match="A: oco = 'limit' is no order; pass what buy or sell returned"):
        play({0: lambda ctx: ctx.buy("A", 1, oco="limit")}, bars("A", still(100, 2)))


def test_the_end_of_one_without_a_trade_leaves_the_other_working():
    def script(ctx):
        first = ctx.sell("A", 10, "limit", limit_price=110, time_in_force="day")
        ctx.sell("A", 10, "stop_loss", stop_price=95, oco=first)

    rows = [*still(100, 3), (100, 120, 99, 100), (100, 100, 94, 95)]
    played = play(held_then(script), bars("A", rows))
    assert played.fills[1:] == [(4, "A", -10.0, 95.0)]


def test_an_order_that_joins_one_which_ended_without_a_trade_works_alone():
    def script(ctx):
        first = ctx.sell("A", 10, "limit", limit_price=110)
        ctx.cancel(first)
        ctx.sell("A", 10, "stop_loss", stop_price=95, oco=first)

    played = play(held_then(script), bars("A", [*still(100, 2), (100, 120, 94, 100)]))
    assert played.fills[1:] == [(2, "A", -10.0, 95.0)]


def test_parts_are_taken_in_proportion_where_the_sizes_differ():
    # Four of ten sold is two fifths: the order for five goes on with three.
    def script(ctx):
        first = ctx.sell("A", 10, "limit", limit_price=110)
        ctx.sell("A", 5, "stop_loss", stop_price=95, oco=first)

    rows = [*still(100, 2), (108, 111, 107, 109, 40), (100, 101, 94, 96)]
    played = play(held_then(script), bars("A", rows), fills=CAPPED)
    assert played.fills[1:] == [(2, "A", -4.0, 110.0), (3, "A", -3.0, 95.0)]
    assert played.simulation.broker.get_open_orders() == []


def test_a_trailing_stop_that_is_made_smaller_keeps_the_level_it_has_reached():
    # At 110, when four are sold, the trail of 5 stands at 105, at the high of 111 at 106; the next bar falls through it.
    def script(ctx):
        first = ctx.sell("A", 10, "limit", limit_price=110)
        ctx.sell("A", 10, "trailing_stop", trail_amount=5, trail_type="amount", oco=first)

    rows = [*still(100, 2), (108, 111, 107, 109, 40), (107, 107, 104, 105)]
    played = play(held_then(script), bars("A", rows), fills=CAPPED)
    assert played.fills[1:] == [(2, "A", -4.0, 110.0), (3, "A", -6.0, 106.0)]


def across(a_terms):
    """An exit of ten A with ``a_terms`` beside a limit at 110 for ten B."""

    def script(ctx):
        first = ctx.sell("A", 10, **a_terms)
        ctx.sell("B", 10, "limit", limit_price=110, oco=first)

    return {0: lambda ctx: [ctx.buy(symbol, 10) for symbol in "AB"], 1: script}


def test_a_stop_limit_that_was_triggered_stays_a_limit_order_when_it_is_made_smaller():
    # Triggered at 95, it waits for 97. Four of B are sold; the six that are left of A need no second trigger.
    a_rows = [*still(100, 2), (96, 96, 94, 96), *still(96), (96, 98, 96, 97)]
    b_rows = [*still(100, 3), (108, 111, 107, 109, 40), *still(100)]
    script = across({"order_type": "stop_limit", "stop_price": 95, "limit_price": 97})
    played = play(script, bars("A", a_rows), bars("B", b_rows), fills=CAPPED)
    assert played.fills[2:] == [(3, "B", -4.0, 110.0), (4, "A", -6.0, 97.0)]


def test_a_stop_limit_triggered_in_the_bar_itself_stays_one_too():
    # Both in one symbol: triggered at 95 on the way down, then the partner's stop at 93 takes the bar's volume.
    def script(ctx):
        first = ctx.sell("A", 10, "stop_limit", stop_price=95, limit_price=97)
        ctx.sell("A", 10, "stop_loss", stop_price=93, oco=first)

    rows = [*still(100, 2), (96, 96, 92, 94, 40)]
    played = play(held_then(script), bars("A", rows), fills=CAPPED)
    assert played.fills[1:] == [(2, "A", -4.0, 93.0)]
    assert [(one.order_type.value, float(one.quantity), one.limit_price) for one in played.orders[3:]] == [("limit", 6.0, 97)]


def test_a_stop_that_has_begun_to_fill_goes_on_at_market_when_it_is_made_smaller():
    # Four of A are stopped out, then A does not trade while three of the six B sell: half of what was left of A leaves at its next open.
    a_rows = [*still(100, 2), (96, 96, 94, 96, 40), (96, 96, 96, 96, 0), *still(99)]
    b_rows = [*still(100, 3), (108, 111, 107, 109, 30), *still(100)]
    played = play(across({"order_type": "stop_loss", "stop_price": 95}), bars("A", a_rows), bars("B", b_rows), fills=CAPPED)
    assert played.fills[2:] == [(2, "A", -4.0, 95.0), (3, "B", -3.0, 110.0), (4, "A", -3.0, 99.0)]
    assert played.simulation.broker.get_open_orders() == []


def test_an_entry_that_is_made_smaller_keeps_its_stop():
    # Four of ten are bought at 95 and guarded; the other six come in at 105, and ten are guarded at the tighter level.
    def script(ctx):
        dip = ctx.buy("A", 10, "limit", limit_price=95)
        ctx.buy("A", 10, "stop_loss", stop_price=105, oco=dip)

    rows = [*still(), (100, 100, 94, 96, 40), (104, 106, 104, 106)]
    played = play({0: script}, bars("A", rows), fills=CAPPED, stops=FIVE_PERCENT)
    assert played.fills == [(1, "A", 4.0, 95.0), (2, "A", 6.0, 105.0)]
    # The average is 101; five percent below is 95.95.
    assert played.stops() == [(10.0, 95.95)]


@given(
    st.lists(st.tuples(st.integers(80, 120), st.integers(0, 15), st.integers(0, 15), st.integers(0, 200)), min_size=3, max_size=8),
    st.integers(90, 130),
    st.integers(70, 110),
    st.integers(70, 130),
)
@example([(80, 0, 10, 1), (90, 0, 0, 10), (90, 0, 0, 10)], 90, 70, 70)  # a target is reached while its stop is still selling at market
def test_of_a_group_never_more_is_sold_than_one_order_asks_for(moves, profit, stop, third):
    rows = [(price, price + up, price - down, price, volume) for price, up, down, volume in moves]

    def script(ctx):
        first = ctx.sell("A", 10, "limit", limit_price=profit)
        ctx.sell("A", 10, "stop_loss", stop_price=stop, oco=first)
        ctx.sell("A", 10, "stop_limit", stop_price=stop, limit_price=third, oco=first)

    played = play(held_then(script), bars("A", [*still(100, 2), *rows]), fills=CAPPED, broker={"name": "robinhood"})
    assert set(played.refusals) <= {"stop_price_passed"}
    assert played.held() >= 0.0
    assert not any("short" in change.reason for order in played.orders for change in order.changes)


# --- an entry triggers its exits


def test_a_bracket_with_a_target_alone_has_no_stop_where_none_is_configured():
    played = play({0: lambda ctx: ctx.bracket("A", 10, take_profit=110)}, bars("A", [*still(), (100, 104, 60, 100), (100, 111, 100, 105)]))
    assert played.fills == [(1, "A", 10.0, 100.0), (2, "A", -10.0, 110.0)]


def test_a_bracket_with_a_target_alone_gets_the_configured_stop():
    played = play({0: lambda ctx: ctx.bracket("A", 10, take_profit=110)}, bars("A", [*still(), (100, 104, 94, 100)]), stops=FIVE_PERCENT)
    assert played.fills == [(1, "A", 10.0, 100.0), (1, "A", -10.0, 95.0)]
    filled = play({0: lambda ctx: ctx.bracket("A", 10, take_profit=110)}, bars("A", [*still(), (100, 111, 96, 100)]), stops=FIVE_PERCENT)
    assert filled.fills[1:] == [(1, "A", -10.0, 110.0)]


def test_a_bracket_with_a_stop_alone_lets_the_profit_run():
    played = play({0: lambda ctx: ctx.bracket("A", 10, stop_loss=95)}, bars("A", [*still(), (100, 150, 99, 150), (96, 97, 94, 95)]))
    assert played.fills == [(1, "A", 10.0, 100.0), (2, "A", -10.0, 95.0)]


def test_a_bracket_can_sell_short():
    played = play(
        {0: lambda ctx: ctx.bracket("A", 10, take_profit=90, stop_loss=105, side="sell")}, bars("A", [*still(), (100, 104, 89, 90)])
    )
    assert played.fills == [(1, "A", -10.0, 100.0), (1, "A", 10.0, 90.0)]
    assert (played.strategy.returned[0].take_profit, played.strategy.returned[0].stop_loss) == (90, 105)


def test_the_exits_of_an_entry_that_fills_in_parts_follow_its_size():
    # Four of ten at the open, then the stop at 95 takes the four; the six still to come are stopped out in their own bar.
    rows = [*still(), (100, 101, 99, 100, 40), (96, 97, 90, 91), (91, 120, 91, 100)]
    played = play({0: lambda ctx: ctx.bracket("A", 10, take_profit=110, stop_loss=95)}, bars("A", rows), fills=CAPPED)
    assert played.fills == [(1, "A", 4.0, 100.0), (2, "A", 6.0, 96.0), (2, "A", -10.0, 95.0)]
    assert played.simulation.broker.get_open_orders() == []


def test_an_entry_below_its_own_stop_leaves_at_once():
    # The open of 94 is through the stop of 95 that was decided at 100.
    played = play({0: lambda ctx: ctx.bracket("A", 10, take_profit=110, stop_loss=95)}, bars("A", [*still(), (94, 96, 93, 95)]))
    assert played.fills == [(1, "A", 10.0, 94.0), (1, "A", -10.0, 94.0)]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda ctx: ctx.bracket("A", 10), "needs a take_profit, a stop_loss or both"),
        (lambda ctx: ctx.bracket("A", 10, take_profit=99), "take_profit = 99 must be above the entry at 100"),
        (lambda ctx: ctx.bracket("A", 10, stop_loss=100), "stop_loss = 100 must be below the entry at 100"),
        (lambda ctx: ctx.bracket("A", 10, stop_loss=99, side="sell"), "stop_loss = 99 must be above the entry at 100"),
        (lambda ctx: ctx.bracket("A", 10, take_profit=120, stop_loss=110, side="sell"), "take_profit = 120 must be below"),
        (lambda ctx: ctx.bracket("A", 10, stop_loss=90, side="hold"), "side = 'hold' is not known; choose one of buy, sell"),
    ],
)
def test_a_bracket_that_cannot_be_meant_is_refused_at_the_call(call, words):
    with pytest.raises(InvalidOrderError, match=words):
        play({0: call}, bars("A", still(100, 2)))
