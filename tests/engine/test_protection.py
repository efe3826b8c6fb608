"""Every position is paired with its stop, share for share, from the moment of the fill."""

from __future__ import annotations

import pytest

from tests.builders import bars, life, play, still

FIVE_PERCENT = {"attach": "entries", "method": "percent", "percent": 5}
TRAIL_FIVE = {"attach": "entries", "method": "trailing", "trail_percent": 5}
CAPPED = {"max_volume_share": 0.10}


def buy(quantity, **terms):
    return lambda ctx: ctx.buy("A", quantity, **terms)


def sell(quantity, **terms):
    return lambda ctx: ctx.sell("A", quantity, **terms)


def test_a_stop_works_on_the_bar_of_its_entry():
    # In at the open of 100, stop 95, low 94.
    played = play({0: buy(10)}, bars("A", [*still(), (100, 104, 94, 96)]), stops=FIVE_PERCENT)
    assert played.fills == [(1, "A", 10.0, 100.0), (1, "A", -10.0, 95.0)]


def test_an_entry_inside_the_bar_is_stopped_on_the_rest_of_the_path_only():
    # 98 on the way down, stop 93.10, reached before the low of 90.
    entered = {0: buy(10, order_type="limit", limit_price=98)}
    played = play(entered, bars("A", [*still(), (100, 101, 90, 92)]), stops=FIVE_PERCENT)
    assert played.fills == [(1, "A", 10.0, 98.0), (1, "A", -10.0, 93.1)]


def test_what_was_passed_before_the_entry_does_not_stop_it():
    # Bought at 105 on the way up; the low of 99 lies before it (optimistic: low first), and the close of 104 above its stop of 99.75.
    entered = {0: buy(10, order_type="stop_loss", stop_price=105)}
    fills = {"path": "optimistic"}
    played = play(entered, bars("A", [*still(), (100, 106, 99, 104)]), stops=FIVE_PERCENT, fills=fills)
    assert (played.fills, played.stops()) == ([(1, "A", 10.0, 105.0)], [(10.0, 99.75)])


def test_a_gap_is_not_saved_by_the_stop():
    played = play({0: buy(10)}, bars("A", [*still(100, 2), (90, 92, 89, 91)]), stops=FIVE_PERCENT)
    assert played.fills[-1] == (2, "A", -10.0, 90.0)


def test_a_short_is_guarded_above():
    played = play({0: sell(10)}, bars("A", [*still(), (100, 106, 99, 103)]), stops=FIVE_PERCENT)
    assert played.fills == [(1, "A", -10.0, 100.0), (1, "A", 10.0, 105.0)]


def test_a_stop_lies_on_the_tick_away_from_the_market():
    # 5 % below 99.99 is 94.9905, 5 % above is 104.9895.
    long = play({0: buy(10)}, bars("A", still(99.99, 2)), stops=FIVE_PERCENT)
    short = play({0: sell(10)}, bars("A", still(99.99, 2)), stops=FIVE_PERCENT)
    assert (long.stops(), short.stops()) == ([(10.0, 94.99)], [(10.0, 104.99)])


def test_the_stop_distance_is_the_atr_known_at_the_decision():
    # True ranges 4 and 5 (gap from 101 to 106), Wilder's mean of two: 4.5; twice that below the fill of 107.
    rows = [(100, 100, 100, 100), (100, 103, 99, 101), (105, 106, 104, 105), (107, 150, 106, 140)]
    stops = {"attach": "entries", "method": "atr", "atr_period": 2, "atr_multiple": 2.0}
    assert play({2: buy(10)}, bars("A", rows), stops=stops).stops() == [(10.0, 98.0)]


def test_without_enough_bars_for_an_atr_the_stop_is_the_percentage():
    assert play({0: buy(10)}, bars("A", still(100, 2)), stops={"attach": "entries", "method": "atr"}).stops() == [(10.0, 95.0)]


@pytest.mark.parametrize(("attach", "expected"), [("entries", [10.0, 50.0]), ("targets", [50.0]), ("never", [])])
def test_attach_says_which_entries_get_a_stop(attach, expected):
    def script(ctx):
        ctx.buy("A", 10)
        ctx.target("B", 0.1)

    played = play(
        {0: script},
        bars("A", still(100, 2)),
        bars("B", still(100, 2)),
        stops={**FIVE_PERCENT, "attach": attach},
        sizing={"method": "equal", "max_position_pct": 1.0, "max_total_exposure_pct": 1.0, "min_position_value": 0},
    )
    # Half of 100,000 dollars times 0.1 at 100: 50 shares of B.
    assert played.held("B") == 50.0
    assert [shares for shares, _ in played.stops()] == expected


def test_a_stop_given_with_the_target_replaces_the_configured_one():
    sizing = {"method": "equal", "max_position_pct": 0.1}
    played = play({0: lambda ctx: ctx.target("A", 1.0, stop=97.5)}, bars("A", still(100, 2)), stops=FIVE_PERCENT, sizing=sizing)
    assert played.stops() == [(100.0, 97.5)]


# --- sizes that change


def test_the_stop_follows_an_entry_that_fills_in_parts():
    # 10 % of 400, 400 and 5,000 shares: 40, 40 and the last 20.
    seen = []
    rows = [*still(), (100, 100, 100, 100, 400), (100, 100, 100, 100, 400), (100, 100, 100, 100, 5000)]
    play(
        {0: buy(100)},
        bars("A", rows),
        stops=FIVE_PERCENT,
        fills=CAPPED,
        each=lambda sim: seen.append([float(one.quantity) for one in sim.broker.get_open_orders() if one.role.protects]),
    )
    assert seen == [[], [40.0], [80.0], [100.0]]


def test_a_stop_that_fills_in_parts_is_triggered_once_and_sells_what_is_left_at_the_next_open():
    # 100 held; 30 of them at 95, then the price is back at 99: the rest still leaves, at its open.
    rows = [*still(100, 2), (100, 100, 94, 96, 300), (99, 101, 98, 100, 5000), *still(100, 1)]
    played = play({0: buy(100)}, bars("A", rows), stops=FIVE_PERCENT, fills=CAPPED)
    assert played.fills[1:] == [(2, "A", -30.0, 95.0), (3, "A", -70.0, 99.0)]
    assert (played.held(), played.stops()) == (0.0, [])


def test_an_addition_tightens_the_stop_and_never_loosens_it():
    rows = [*still(100, 2), *still(110, 2), *still(102, 2)]
    played = play({0: buy(10), 2: buy(10), 4: buy(10)}, bars("A", rows), stops=FIVE_PERCENT)
    # 95 at first; 5 % below the average of 105 after the addition at 110; of 104 after the last one it would be 98.80.
    assert played.stops() == [(30.0, 99.75)]


def test_a_partial_exit_leaves_the_rest_guarded():
    played = play({0: buy(10), 1: sell(4)}, bars("A", still(100, 3)), stops=FIVE_PERCENT)
    assert (played.held(), played.stops()) == (6.0, [(6.0, 95.0)])


def test_a_resting_exit_keeps_the_stop_until_it_fills():
    script = {0: buy(10), 1: sell(4, order_type="limit", limit_price=110)}
    waiting = play(script, bars("A", still(100, 3)), stops=FIVE_PERCENT)
    assert waiting.stops() == [(10.0, 95.0)]
    filled = play(script, bars("A", [*still(100, 2), (100, 111, 100, 105)]), stops=FIVE_PERCENT)
    assert (filled.held(), filled.stops()) == (6.0, [(6.0, 95.0)])


@pytest.mark.parametrize(("path", "price"), [("pessimistic", 95.0), ("optimistic", 110.0)])
def test_stop_and_resting_exit_in_one_bar_sell_once(path, price):
    script = {0: buy(10), 1: sell(10, order_type="limit", limit_price=110)}
    rows = [*still(100, 2), (100, 112, 94, 100), (100, 120, 80, 100)]
    played = play(script, bars("A", rows), stops=FIVE_PERCENT, fills={"path": path})
    assert played.fills[1:] == [(2, "A", -10.0, price)]
    assert played.simulation.broker.get_open_orders() == []


def test_leaving_by_order_takes_the_stop_away_and_sells_once():
    # The bar falls through the old stop of 95 after the exit at its open.
    played = play({0: buy(10), 1: sell(10)}, bars("A", [*still(100, 2), (99, 99, 90, 92), *still(92)]), stops=FIVE_PERCENT)
    assert played.fills[1:] == [(2, "A", -10.0, 99.0)]
    assert played.simulation.broker.get_open_orders() == []


def test_an_exit_that_is_canceled_gives_the_stop_back():
    script = {0: buy(10), 1: lambda ctx: ctx.cancel(ctx.sell("A", 10))}
    played = play(script, bars("A", [*still(100, 2), (99, 99, 90, 92)]), stops=FIVE_PERCENT)
    assert played.fills[1:] == [(2, "A", -10.0, 95.0)]


def stop_prices(script, rows):
    """Stop prices of what works after each decision, 0 for an order without one."""
    working = []
    play(
        script,
        bars("A", rows),
        stops=FIVE_PERCENT,
        each=lambda sim: working.append([float(one.stop_price or 0) for one in sim.broker.get_open_orders()]),
    )
    return working


def test_an_exit_that_expires_gives_the_stop_back():
    # A market exit takes the place of the stop; on a bar without volume it is not filled, and its day is over.
    script = {0: buy(10), 1: sell(10, time_in_force="day")}
    assert stop_prices(script, [*still(100, 2), (100, 100, 100, 100, 0), *still()]) == [[0.0], [0.0], [95.0], [95.0]]


def test_a_stop_of_the_strategys_own_works_beside_the_protective_one():
    script = {0: buy(10), 1: sell(10, order_type="stop_loss", stop_price=90, time_in_force="day")}
    assert stop_prices(script, still(100, 4)) == [[0.0], [95.0, 90.0], [95.0], [95.0]]


def test_a_flip_drops_the_old_stop_and_guards_the_new_side():
    played = play({0: buy(10), 1: sell(25)}, bars("A", still(100, 3)), stops=FIVE_PERCENT)
    assert played.held() == -15.0
    (order,) = played.simulation.broker.get_open_orders()
    assert (order.side.value, float(order.quantity), float(order.stop_price)) == ("buy", 15.0, 105.0)


# --- trailing


def test_a_trailing_stop_keeps_its_level_when_the_position_grows():
    # 110 was seen: 104.5. The addition at 106 alone would stand at 100.7.
    rows = [*still(100, 2), (100, 110, 100, 108), (106, 107, 105, 106)]
    played = play({0: buy(10), 2: buy(5)}, bars("A", rows), stops=TRAIL_FIVE)
    assert played.stops() == [(15.0, 104.5)]


def test_a_trailing_stop_keeps_the_level_it_reached_within_the_bar():
    # High first: 125 lifts the level to 118.75. The addition at 118.90 on the way down must not lower it.
    rows = [*still(119, 2), (119, 125, 118.8, 119)]
    script = {0: buy(10), 1: buy(5, order_type="limit", limit_price=118.9)}
    played = play(script, bars("A", rows), stops=TRAIL_FIVE, fills={"path": "optimistic"})
    assert played.held() == 15.0
    assert played.stops() == [(15.0, 118.75)]


def test_a_trailing_stop_follows_a_short_downwards():
    played = play({0: sell(10)}, bars("A", [*still(100, 2), (100, 100, 90, 92), (92, 95, 91, 95)]), stops=TRAIL_FIVE)
    assert played.fills[-1] == (3, "A", 10.0, 94.5)


# --- brackets


def bracket(**terms):
    return lambda ctx: ctx.bracket("A", 10, take_profit=105, stop_loss=95, **terms)


@pytest.mark.parametrize(("path", "price"), [("pessimistic", 95.0), ("optimistic", 105.0), ("nearest", 105.0)])
def test_both_legs_in_one_bar_exit_once_by_the_path(path, price):
    # Nearest: 106 is one dollar nearer to the open of 100.5 than 94.
    rows = [*still(100, 2), (100.5, 106, 94, 100), (100, 120, 80, 100)]
    played = play({0: bracket()}, bars("A", rows), fills={"path": path})
    assert played.fills[1:] == [(2, "A", -10.0, price)]
    assert sorted(life(order)[-1] for order in played.orders) == ["canceled", "filled", "filled"]


@pytest.mark.parametrize(("path", "price"), [("pessimistic", 95.0), ("optimistic", 105.0)])
def test_both_legs_live_on_the_bar_of_the_entry(path, price):
    played = play({0: bracket()}, bars("A", [*still(), (100, 106, 94, 100)]), fills={"path": path})
    assert played.fills == [(1, "A", 10.0, 100.0), (1, "A", -10.0, price)]


def test_the_order_in_which_legs_were_made_decides_nothing():
    # The same exits by hand, the limit first: pessimistic still takes the stop.
    def exits(ctx):
        ctx.sell("A", 10, "limit", limit_price=105)
        ctx.sell("A", 10, "stop_loss", stop_price=95)

    played = play({0: buy(10), 1: exits}, bars("A", [*still(100, 2), (100, 106, 94, 100)]))
    assert played.fills[1] == (2, "A", -10.0, 95.0)


def test_a_bracket_with_a_limit_entry_has_no_legs_before_it_fills():
    seen = []
    rows = [*still(), (100, 106, 97, 99), (98, 98, 96, 97), (97, 105, 97, 104)]
    played = play({0: bracket(limit_price=96.5)}, bars("A", rows), each=lambda sim: seen.append(len(sim.broker.get_open_orders())))
    assert seen == [1, 1, 2, 0]
    assert played.fills == [(2, "A", 10.0, 96.5), (3, "A", -10.0, 105.0)]


def test_bracket_legs_follow_partial_fills_and_never_sell_more_than_is_held():
    # Entry 4 + 4 + 2; the target takes 3 of 10, then the stop what is left: never below flat.
    seen = []
    rows = [*still(), *[(100, 100, 100, 100, 40)] * 3, (100, 105, 100, 104, 30), (100, 100, 90, 92, 1000), (92, 120, 80, 100)]
    played = play(
        {0: bracket()},
        bars("A", rows),
        fills=CAPPED,
        each=lambda sim: seen.append(
            [float(one.quantity - one.filled_quantity) for one in sim.broker.get_open_orders() if one.role.protects]
        ),
    )
    assert seen == [[], [4.0, 4.0], [8.0, 8.0], [10.0, 10.0], [7.0, 7.0], [], []]
    assert [fill[2:] for fill in played.fills] == [(4.0, 100.0), (4.0, 100.0), (2.0, 100.0), (-3.0, 105.0), (-7.0, 95.0)]


def test_a_canceled_rest_of_an_entry_leaves_what_was_bought_protected():
    entries = []
    script = {
        0: lambda ctx: entries.append(ctx.bracket("A", 10, take_profit=105, stop_loss=95).entry),
        1: lambda ctx: ctx.cancel(entries[0]),
    }
    played = play(script, bars("A", [*still(), (100, 100, 100, 100, 40), *still(100, 2)]), fills=CAPPED)
    assert (played.held(), played.stops()) == (4.0, [(4.0, 95.0)])
