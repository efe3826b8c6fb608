"""Every way a position is left, through the whole path: levels that move, targets, time, dividends; worked out by hand."""

from __future__ import annotations

import pytest

from tests.builders import bars, life, play, still

FIVE_PERCENT = {"attach": "entries", "method": "percent", "percent": 5}
TRAIL = {"attach": "entries", "method": "trailing"}
CAPPED = {"max_volume_share": 0.10}


def buy(quantity=10, **terms):
    return lambda ctx: ctx.buy("A", quantity, **terms)


def sell(quantity=10, **terms):
    return lambda ctx: ctx.sell("A", quantity, **terms)


def levels(script, rows, dividends=None, **config):
    """The run, and the level of the one stop after each decision, ``None`` where there is none."""
    seen = []

    def look(simulation):
        found = [float(one.stop_price) for one in simulation.broker.get_open_orders() if one.role.value == "stop"]
        seen.append(found[0] if found else None)
        assert len(found) < 2

    return play(script, bars("A", rows, dividends=dividends), each=look, **config), seen


def profits(played):
    """(shares, price) of the take-profits that still work."""
    found = [one for one in played.simulation.broker.get_open_orders() if one.role.value == "take_profit"]
    return [(float(one.quantity), float(one.limit_price)) for one in found]


def rising(first, count, step=1.0):
    """Closes ``step`` apart, each bar from one below its close to one above it: a true range of 2 for a step of 1."""
    return [(close - 1, close + 1, close - 1, close) for close in (first + number * step for number in range(count))]


# --- chandelier: the highest high of 3 bars less 1 ATR of 3 bars

CHANDELIER = {"attach": "entries", "method": "chandelier", "chandelier_bars": 3, "chandelier_multiple": 1.0}


def test_a_chandelier_follows_the_highest_high_and_sells_at_its_level():
    # Ranges of 2. Highs of 104, 105 and 106 at the closes of bars 3, 4 and 5; bar 6 falls through 104.
    played, seen = levels({3: buy()}, [*rising(100, 6), (105, 105, 102, 103)], stops=CHANDELIER)
    assert seen == [None, None, None, None, 103.0, 104.0, None]
    assert played.fills == [(4, "A", 10.0, 103.0), (6, "A", -10.0, 104.0)]


def test_a_chandelier_hangs_above_a_short():
    falling = [(close + 1, close + 1, close - 1, close) for close in (100, 99, 98, 97, 96, 95)]
    played, seen = levels({3: sell()}, [*falling, (95, 98, 95, 97)], stops=CHANDELIER)
    # Lows of 96, 95 and 94, and 2 above them.
    assert seen == [None, None, None, None, 97.0, 96.0, None]
    assert played.fills[-1] == (6, "A", 10.0, 96.0)


def test_a_chandelier_above_the_close_leaves_at_the_next_open():
    # Bar 5 comes down from 110 to 107: the highest high of 116 less an ATR of (2 * 2 + 9) / 3 = 4.33 is 111.66, above its close.
    rows = [*rising(100, 5), (106, 116, 104.5, 107), *still(106, 2)]
    wide = (2 * (2 * 2 + 2) / 3 + (116 - 104)) / 3  # the range counts from the close of 104 before it
    played, seen = levels({3: buy()}, rows, stops=CHANDELIER)
    assert seen[5] == int((116 - wide) * 100) / 100 > 107
    assert played.fills[-1] == (6, "A", -10.0, 106.0)


CALM = [*[(100, 101, 99, 100)] * 3, (100, 101, 99.5, 100.5), (100.5, 101, 99.5, 100)]


@pytest.mark.parametrize(("may_loosen", "last"), [(False, 96.12), (True, 95.31)])
def test_a_level_may_fall_back_only_where_the_policy_says_so(may_loosen, last):
    # ATR of 2 bars, three times: 101 - 6, then 101 - 3 * 1.75, 101 - 3 * 1.625, and 103 - 3 * 2.5625 after the wide bar.
    stops = {"attach": "entries", "method": "chandelier", "chandelier_bars": 2, "chandelier_multiple": 3.0, "may_loosen": may_loosen}
    _, seen = levels({2: buy()}, [*CALM, (100, 103, 99.5, 100)], stops=stops)
    assert seen == [None, None, None, 95.75, 96.12, last]


def test_a_level_never_falls_back_behind_its_first_one():
    # 105 - 3 * 3.5625 would be 94.31; the entry's level was 95.
    stops = {"attach": "entries", "method": "chandelier", "chandelier_bars": 2, "chandelier_multiple": 3.0, "may_loosen": True}
    _, seen = levels({2: buy()}, [*CALM, (100, 105, 99.5, 100)], stops=stops)
    assert seen[-1] == 95.0


# --- pullback: a tick below the lowest low of 2 bars

PULLBACK = {"attach": "entries", "method": "pullback", "pullback_bars": 2}


def test_a_pullback_stop_stands_a_tick_below_the_lows_and_follows_them_up_only():
    lows = (99, 98, 99.5, 100, 97.5, 99.5)
    rows = [(100.5, 101, low, 100.5) for low in lows]
    # At the decision min(99, 98); then min(98, 99.5), min(99.5, 100): bar 4 falls through 99.49.
    played, seen = levels({1: buy()}, rows, stops=PULLBACK)
    assert seen == [None, None, 97.99, 99.49, None, None]
    assert played.fills[-1] == (4, "A", -10.0, 99.49)


def test_a_pullback_stop_of_a_short_stands_a_tick_above_the_highs():
    highs = (101, 102, 100.5, 100.25)
    rows = [(100, high, 99, 100) for high in highs]
    _, seen = levels({1: sell()}, rows, stops=PULLBACK)
    assert seen == [None, None, 102.01, 100.51]


def test_without_the_bars_it_needs_a_moving_stop_starts_at_the_percentage_and_then_follows():
    _, seen = levels({0: buy()}, [*still(100, 2), (100, 103, 100, 102), (102, 104, 101, 103)], stops=PULLBACK | {"percent": 5})
    assert seen == [None, 99.99, 99.99, 99.99]
    (entry, *_) = play({0: buy()}, bars("A", still(100, 2)), stops=PULLBACK).orders[1:]
    assert entry.reason == "stop: stop_fallback"


# --- breakeven after 1 R

EVEN = FIVE_PERCENT | {"breakeven_r": 1.0}


def test_after_one_r_of_profit_the_stop_moves_to_the_entry():
    played, seen = levels({0: buy()}, [*still(100, 2), (100, 104.99, 100, 104), (104, 105, 102, 104), (104, 104, 99, 99)], stops=EVEN)
    assert seen == [None, 95.0, 95.0, 100.0, None]
    assert played.fills[-1] == (4, "A", -10.0, 100.0)


def test_the_costs_can_be_earned_back_as_well():
    # 10 basis points of 100.
    _, seen = levels({0: buy()}, [*still(100, 2), (100, 105, 100, 104)], stops=EVEN | {"breakeven_cost_bps": 10.0})
    assert seen[-1] == 100.1


def test_a_short_moves_down_to_its_entry():
    _, seen = levels({0: sell()}, [*still(100, 2), (100, 100, 95, 96)], stops=EVEN)
    assert seen == [None, 105.0, 100.0]


def test_on_the_bar_of_the_entry_only_its_close_came_after_it_for_certain():
    # In at a limit of 98 inside a bar whose high of 106 may have come before; the close of 99 is no R of profit (4.90).
    rows = [*still(), (100, 106, 97, 99), (99, 103, 99, 100)]
    _, seen = levels({0: buy(order_type="limit", limit_price=98)}, rows, stops=EVEN)
    assert seen == [None, 93.1, 98.0]


def test_the_stop_waits_until_the_close_stands_beyond_the_entry():
    # 106 was seen, but the close of 99.50 lies below the entry: a stop at 100 would sell at once.
    _, seen = levels({0: buy()}, [*still(100, 2), (100, 106, 99, 99.5), (99.5, 102, 99.5, 101)], stops=EVEN)
    assert seen == [None, 95.0, 95.0, 100.0]


# --- time


def test_a_time_stop_leaves_after_its_bars_the_bar_of_the_entry_counted():
    played = play({0: buy()}, bars("A", [*still(100, 4), *still(101, 2)]), stops=FIVE_PERCENT | {"time_bars": 3})
    assert played.fills == [(1, "A", 10.0, 100.0), (4, "A", -10.0, 101.0)]
    assert (played.orders[-1].reason, played.simulation.broker.get_open_orders()) == ("time_stop", [])


def test_a_time_stop_takes_a_resting_exit_along():
    script = {0: buy(), 1: sell(5, order_type="limit", limit_price=120)}
    played = play(script, bars("A", still(100, 5)), stops=FIVE_PERCENT | {"time_bars": 2})
    assert played.fills[1:] == [(3, "A", -10.0, 100.0)]
    assert life(played.orders[2])[-1] == "canceled"


def test_a_time_stop_that_cannot_fill_keeps_asking():
    rows = [*still(100, 2), (100, 100, 100, 100, 0), (100, 100, 100, 100, 0), *still(99)]
    played = play({0: buy()}, bars("A", rows), stops=FIVE_PERCENT | {"time_bars": 1})
    assert played.fills == [(1, "A", 10.0, 100.0), (4, "A", -10.0, 99.0)]


# --- targets


@pytest.mark.parametrize(("exits", "price"), [({"target_r": 2.0}, 110.0), ({"target_percent": 3.0}, 103.0)])
def test_a_profit_target_is_a_take_profit_order_from_the_fill_on(exits, price):
    played = play({0: buy()}, bars("A", [*still(100, 2), (100, 112, 100, 105)]), stops=FIVE_PERCENT | exits)
    assert played.fills == [(1, "A", 10.0, 100.0), (2, "A", -10.0, price)]
    assert [(one.role.value, one.order_type.value) for one in played.orders[1:]] == [("stop", "stop_loss"), ("take_profit", "limit")]
    assert [life(one)[-1] for one in played.orders] == ["filled", "canceled", "filled"]


def test_a_target_of_a_short_lies_below():
    played = play({0: sell()}, bars("A", [*still(100, 2), (100, 100, 89, 95)]), stops=FIVE_PERCENT | {"target_r": 2.0})
    assert played.fills[-1] == (2, "A", 10.0, 90.0)


def test_a_target_lies_on_the_tick_that_gives_nothing_away():
    # 3 % above 99.99 is 102.9897, 3 % below is 96.9903.
    long, short = (play({0: side()}, bars("A", still(99.99, 2)), stops=FIVE_PERCENT | {"target_percent": 3.0}) for side in (buy, sell))
    assert (profits(long), profits(short)) == ([(10.0, 102.99)], [(10.0, 96.99)])


def test_stop_and_target_follow_an_entry_that_fills_in_parts():
    rows = [*still(), *[(100, 100, 100, 100, 40)] * 3]
    played = play({0: buy(10)}, bars("A", rows), stops=FIVE_PERCENT | {"target_r": 1.0}, fills=CAPPED)
    assert (played.stops(), profits(played)) == ([(10.0, 95.0)], [(10.0, 105.0)])


def test_the_target_moves_to_the_average_of_an_addition():
    # 10 at 100 and 10 at 102: 3 % above 101.
    played = play({0: buy(), 1: buy()}, bars("A", [*still(100, 2), *still(102)]), stops=FIVE_PERCENT | {"target_percent": 3.0})
    assert profits(played) == [(20.0, 104.03)]


def test_shares_added_to_a_bracket_are_taken_into_both_of_its_exits():
    def script(ctx):
        ctx.bracket("A", 10, take_profit=110, stop_loss=95)
        ctx.buy("A", 5)

    played = play({0: script}, bars("A", still(100, 2)), stops={"attach": "entries", "method": "percent", "percent": 10})
    assert (played.stops(), profits(played)) == ([(15.0, 95.0)], [(15.0, 110.0)])


# --- trailing


def test_a_trail_in_dollars():
    played, seen = levels({0: buy()}, [*still(100, 2), (100, 104, 100, 103), (103, 103, 101, 102)], stops=TRAIL | {"trail_amount": 2.5})
    assert seen == [None, 97.5, 101.5, None]
    assert played.fills[-1] == (3, "A", -10.0, 101.5)


def test_a_trail_that_reached_breakeven_is_lifted_there():
    # 10 % below the best of 110 is 99; one R is 10, so the stop stands at the entry of 100.
    stops = TRAIL | {"trail_percent": 10.0, "breakeven_r": 1.0}
    _, seen = levels({0: buy()}, [*still(100, 2), (100, 110, 100, 109)], stops=stops)
    assert seen == [None, 90.0, 100.0]


def test_a_trail_at_the_venue_does_not_loosen_even_where_levels_may():
    # The venue saw 110 on the bar of the entry; what is certain of that bar here is its close of 105.50.
    rows = [*still(), (106, 110, 105, 105.5), (105.5, 106, 105, 105)]
    stops = TRAIL | {"trail_percent": 5.0, "may_loosen": True}
    _, seen = levels({0: buy()}, rows, stops=stops, fills={"path": "optimistic"})
    assert seen == [None, 104.5, 104.5]


def test_a_level_off_the_tick_is_not_given_back_when_the_size_changes():
    # 4 % below 102.01 is 97.9296; the addition at 101 must not put it on 97.92.
    script = {0: buy(order_type="limit", limit_price=102.01), 1: buy(5)}
    _, seen = levels(script, [*still(102.01, 2), *still(101)], stops=TRAIL | {"trail_percent": 4.0})
    assert seen == [None, 97.9296, 97.9296]


# --- dividends


def test_a_dividend_takes_the_stop_with_it_where_the_policy_says_so():
    # Ex 2 dollars: the share falls to 94, the level of 95 with it to 93.
    rows = [*still(100, 2), (98, 98, 94, 97)]
    stays, falls = (
        levels({0: buy()}, rows, {2: 2.0}, stops=FIVE_PERCENT | {"lowers_on_dividend": lowers, "target_percent": 10.0})
        for lowers in (False, True)
    )
    assert (stays[0].fills[-1], stays[1][-1]) == ((2, "A", -10.0, 95.0), None)
    assert (falls[0].held(), falls[1], profits(falls[0])) == (10.0, [None, 95.0, 93.0], [(10.0, 108.0)])


def test_a_trail_falls_with_the_dividend_and_goes_on_from_the_open():
    # 95 less 2; the open of 98 lifts it to 93.10, the low of 93.50 passes, and only then the high of 120 lifts it to 114.
    rows = [*still(100, 2), (98, 120, 93.5, 118)]
    played, seen = levels({0: buy()}, rows, {2: 2.0}, stops=TRAIL | {"trail_percent": 5.0, "lowers_on_dividend": True})
    assert (played.held(), seen) == (10.0, [None, 95.0, 114.0])


def test_the_level_a_dividend_lowered_works_on_the_ex_date_itself():
    played, _ = levels({0: buy()}, [*still(100, 2), (98, 98, 92, 97)], {2: 2.0}, stops=FIVE_PERCENT | {"lowers_on_dividend": True})
    assert played.fills[-1] == (2, "A", -10.0, 93.0)


def test_a_dividend_lowers_what_the_venue_has_reached():
    # The venue saw 110 on the bar of the entry: 104.50, and 102.50 after the dividend of 2.
    rows = [*still(), (106, 110, 105, 105.5), (104, 104, 103, 103)]
    stops = TRAIL | {"trail_percent": 5.0, "lowers_on_dividend": True}
    _, seen = levels({0: buy()}, rows, {2: 2.0}, stops=stops, fills={"path": "optimistic"})
    assert seen == [None, 104.5, 102.5]


# --- a stop that has been reached


def test_a_stop_that_began_to_fill_is_not_replaced_by_one_that_waits_again():
    # 95 is reached with volume for 3 of 10. The bar then earns its R and closes at 104: a new stop at the entry would keep the rest.
    rows = [*still(100, 2), (100, 106, 95, 104, 30), *still(104, 2)]
    played = play({0: buy()}, bars("A", rows), stops=EVEN, fills=CAPPED)
    assert played.fills[1:] == [(2, "A", -3.0, 95.0), (3, "A", -7.0, 104.0)]


def test_a_trail_of_the_strategys_own_measures_from_the_close_it_was_made_at():
    # Opened at 90, closed at 100: 5 % below 100, which the next open has passed.
    script = {0: buy(), 1: sell(order_type="trailing_stop", trail_amount=5)}
    played = play(script, bars("A", [*still(90), (90, 100, 90, 100), (94, 96, 94, 96)]))
    assert played.fills[-1] == (2, "A", -10.0, 94.0)


# --- an order that is larger than the position, when the stop closes the position first


def test_a_reversal_keeps_to_the_part_that_was_checked_as_an_entry_when_the_stop_sold_the_shares():
    # 10 shares, guarded at 95; the order for 25 was checked as an entry of 15. The stop sells the 10, so 15 are left of it.
    rows = [*still(100, 3), (100, 100, 94, 95), (95, 111, 95, 110), *still(110, 2)]
    played = play({0: buy(), 2: sell(25, order_type="limit", limit_price=110)}, bars("A", rows), stops=FIVE_PERCENT)
    assert played.fills == [(1, "A", 10.0, 100.0), (3, "A", -10.0, 95.0), (4, "A", -15.0, 110.0)]


def test_a_reversal_fills_as_asked_where_the_shares_are_still_there():
    rows = [*still(100, 3), (100, 111, 100, 110), *still(110, 2)]
    played = play({0: buy(), 2: sell(25, order_type="limit", limit_price=110)}, bars("A", rows), stops=FIVE_PERCENT)
    assert played.fills == [(1, "A", 10.0, 100.0), (3, "A", -25.0, 110.0)]


def test_shares_sold_by_another_order_of_the_strategy_do_not_change_a_reversal():
    rows = [*still(100, 3), (100, 111, 100, 110), *still(110, 2)]
    script = {
        0: buy(),
        2: lambda ctx: (ctx.sell("A", 10, order_type="limit", limit_price=105), sell(25, order_type="limit", limit_price=110)(ctx)),
    }
    played = play(script, bars("A", rows), stops={"attach": "never"})
    assert played.fills == [(1, "A", 10.0, 100.0), (3, "A", -10.0, 105.0), (3, "A", -25.0, 110.0)]
