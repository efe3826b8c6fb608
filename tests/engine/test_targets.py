"""From strengths to orders: sized together, strongest first, inside every cap."""

from __future__ import annotations

import pytest

from tests.builders import bars, life, play, still

#: Only the equal share decides: every budget is all of the equity.
EQUAL = {"method": "equal", "max_position_pct": 1.0, "max_total_exposure_pct": 1.0, "max_portfolio_var_pct": 1.0}
ROBINHOOD = {"name": "robinhood"}


def moving(low, high, count):
    """Closes that alternate between two prices, opening where the last bar closed."""
    closes = [low if index % 2 == 0 else high for index in range(count)]
    return [(before, max(before, close), min(before, close), close) for before, close in zip([low, *closes], closes, strict=False)]


def together(**targets):
    def script(ctx):
        for symbol, strength in targets.items():
            ctx.target(symbol, strength)

    return script


def test_a_target_is_its_share_of_equity_scaled_by_strength():
    # Two symbols: 50,000 dollars each at full strength.
    played = play({0: together(A=1.0, B=-0.5)}, bars("A", still(100, 2)), bars("B", still(50, 2)), sizing=EQUAL)
    assert (played.held("A"), played.held("B")) == (500.0, -500.0)


def test_whole_shares_are_rounded_towards_nothing():
    played = play({0: together(A=1.0)}, bars("A", still(333, 2)), sizing={**EQUAL, "max_position_pct": 0.1}, broker=ROBINHOOD)
    assert played.held() == 30.0  # 10,000 / 333 = 30.03


def test_a_short_is_the_mirror_of_a_long_to_the_micro_share():
    long, short = (
        play({0: together(A=strength)}, bars("A", still(99.97, 2)), sizing=EQUAL | {"max_position_pct": 0.1}) for strength in (1, -1)
    )
    assert long.held() == -short.held() == pytest.approx(10_000 / 99.97, abs=1e-6)


def test_the_var_budget_of_a_position_decides_its_size():
    # Returns of +25 % and -20 % in turn: the 5 % quantile of losses is 20 %. 0.5 % of 100,000 dollars / 20 % = 2,500 dollars.
    rows = moving(80, 100, 71)
    played = play({70: together(A=1.0)}, bars("A", [*rows, *still(80)]), sizing={"method": "var"})
    assert played.held() == 2_500 / 80


def test_the_portfolio_var_budget_goes_to_the_strongest_first():
    # At full strength each wants 2,500 dollars, 500 of VaR. Of 1,050 dollars of budget B takes 500, C 450; 100 are left for A: 500 dollars.
    rows = [*moving(80, 100, 71), *still(80)]
    script = {70: together(A=0.8, B=1.0, C=0.9)}
    sizing = {"method": "var", "max_portfolio_var_pct": 0.0105, "min_position_value": 0}
    played = play(script, *[bars(symbol, rows) for symbol in "ABC"], sizing=sizing)
    assert [played.held(symbol) * 80 for symbol in "BCA"] == pytest.approx([2_500, 2_250, 500], abs=1e-3)
    assert [order.symbol for order in played.orders] == ["B", "C", "A"]
    assert played.refusals == ["var_budget"]


def test_entries_that_still_work_count_against_the_var_budget():
    # B wants its 2,500 dollars (500 of VaR) one bar after A, of which only 10 of 31.25 shares have filled.
    rows = moving(80, 100, 71)
    slow = bars("A", [*rows, (80, 80, 80, 80, 100), *still(80, 2)])
    sizing = {"method": "var", "max_portfolio_var_pct": 0.008, "min_position_value": 0}
    script = {70: together(A=1.0), 71: together(B=1.0)}
    played = play(script, slow, bars("B", [*rows, *still(80, 3)]), sizing=sizing, fills={"max_volume_share": 0.1})
    assert played.held("A") * 80 == 2_500
    # The rest of the budget is 300 of 800 dollars: 1,500 dollars.
    assert played.held("B") * 80 == pytest.approx(1_500, rel=1e-3)


def test_a_smaller_target_sells_the_difference_and_zero_sells_all():
    script = {0: together(A=1.0), 1: together(A=0.4), 2: together(A=0)}
    played = play(script, bars("A", still(100, 4)), sizing=EQUAL | {"max_position_pct": 0.1})
    assert [fill[2] for fill in played.fills] == [100.0, -60.0, -40.0]


def test_a_target_of_the_other_sign_flips_the_position_in_one_order():
    played = play({0: together(A=1.0), 1: together(A=-1.0)}, bars("A", still(100, 3)), sizing=EQUAL | {"max_position_pct": 0.1})
    assert [fill[2] for fill in played.fills] == [100.0, -200.0]


def test_a_change_below_the_minimum_value_is_not_worth_an_order_but_closing_is():
    sizing = EQUAL | {"max_position_pct": 0.1, "min_position_value": 200}
    played = play({0: together(A=1.0), 1: together(A=0.99), 2: together(A=0)}, bars("A", still(100, 4)), sizing=sizing)
    assert [fill[2] for fill in played.fills] == [100.0, -100.0]


def test_a_position_below_the_minimum_value_is_refused_with_its_reason():
    # Half of 100 dollars.
    played = play({0: together(A=0.5)}, bars("A", still(100, 2)), sizing=EQUAL | {"max_position_pct": 0.001})
    assert (played.orders, played.refusals) == ([], ["below_minimum_value"])
    assert "[sizing] min_position_value" in played.simulation.journal.refusals[0].detail


def test_a_size_that_does_not_buy_one_share_is_refused_with_its_reason():
    # Half of 150 dollars, well above the minimum value, at 100 dollars a share.
    sizing = EQUAL | {"max_position_pct": 0.0015, "min_position_value": 1}
    played = play({0: together(A=0.5)}, bars("A", still(100, 2)), sizing=sizing, broker=ROBINHOOD)
    assert (played.orders, played.refusals) == ([], ["below_one_lot"])
    assert "[broker] fractional" in played.simulation.journal.refusals[0].detail


def test_the_last_call_of_a_bar_counts():
    def script(ctx):
        ctx.target("A", -1.0)
        ctx.target("A", 0.5, tag="second thoughts")

    played = play({0: script}, bars("A", still(100, 2)), sizing=EQUAL)
    assert (played.held(), played.orders[0].tag) == (500.0, "second thoughts")


def test_a_new_target_replaces_what_the_old_one_still_has_working():
    rows = [*still(), (100, 100, 100, 100, 100), *still(100, 2)]
    script = {0: together(A=1.0), 1: together(A=0.5)}
    played = play(script, bars("A", rows), sizing=EQUAL | {"max_position_pct": 0.1}, fills={"max_volume_share": 0.1})
    assert [fill[2] for fill in played.fills] == [10.0, 40.0]
    assert life(played.orders[0])[-1] == "canceled"


def test_reductions_come_before_additions():
    # Full in A; the exit of A and the entry of B are decided together, the exit first, and B waits for nothing but its own cap.
    script = {0: together(A=1.0), 1: together(A=0, B=1.0)}
    played = play(script, bars("A", still(100, 3)), bars("B", still(100, 3)), sizing=EQUAL | {"max_position_pct": 0.3})
    assert [(order.symbol, order.side.value) for order in played.orders] == [("A", "buy"), ("A", "sell"), ("B", "buy")]


def test_leaving_by_target_takes_the_place_of_a_resting_exit():
    # On a venue without shorting the shares cannot be promised twice: the limit goes, the exit is not refused.
    def script(ctx):
        ctx.sell("A", 10, "limit", limit_price=120)

    script_of = {0: lambda ctx: ctx.buy("A", 10), 1: script, 2: together(A=0)}
    stops = {"attach": "entries", "method": "percent", "percent": 5}
    played = play(script_of, bars("A", [*still(100, 3), (101, 130, 90, 101)]), broker=ROBINHOOD, stops=stops, sizing=EQUAL)
    assert (played.fills[1:], played.refusals) == ([(3, "A", -10.0, 101.0)], [])
    assert played.simulation.broker.get_open_orders() == []


@pytest.mark.parametrize(("strength", "held", "refusals"), [(0.1, 100.0, []), (0.09, 0.0, ["signal_below_threshold"])])
def test_a_signal_weaker_than_a_tenth_adds_nothing(strength, held, refusals):
    played = play({0: together(A=strength)}, bars("A", still(100, 2)), sizing=EQUAL)
    assert (played.held(), played.refusals) == (held, refusals)


def test_a_weak_signal_still_makes_a_position_smaller():
    played = play({0: together(A=0.9), 1: together(A=0.05)}, bars("A", still(100, 3)), sizing=EQUAL)
    assert (played.held(), played.refusals) == (50.0, [])


def test_the_var_budget_binds_every_method_at_the_var_that_is_assumed():
    # No history: 5 % are assumed, and of 2 % of equity two fifths of it can be held.
    sizing = {"method": "equal", "max_position_pct": 1.0, "max_total_exposure_pct": 1.0}
    played = play({0: together(A=1.0)}, bars("A", still(100, 2)), sizing=sizing)
    assert (played.held(), played.refusals) == (400.0, ["var_budget"])


def test_the_limits_shrink_a_target_and_say_so():
    limits = {"max_order_value_dollars": 20_000}
    played = play({0: together(A=1.0)}, bars("A", still(100, 2)), sizing=EQUAL, limits=limits, broker=ROBINHOOD)
    assert (played.held(), played.refusals) == (200.0, ["order_value_above_maximum"])


def test_a_limit_that_is_tighter_than_the_sizers_cap_holds_already_in_the_sizing():
    played = play({0: together(A=1.0)}, bars("A", still(100, 2)), sizing=EQUAL, limits={"max_position_pct": 0.2})
    assert (played.held(), played.refusals) == (200.0, [])


def test_an_explicit_order_above_a_limit_is_refused_not_shrunk():
    # 5 % of 100,000 dollars.
    limits = {"profile": "conservative"}
    played = play({0: lambda ctx: ctx.buy("A", 51)}, bars("A", still(100, 2)), limits=limits)
    assert (played.orders[0].status.value, played.refusals) == ("denied", ["position_limit"])
    assert play({0: lambda ctx: ctx.buy("A", 50)}, bars("A", still(100, 2)), limits=limits).refusals == []


def test_a_target_on_the_other_side_is_as_large_as_one_from_flat():
    """The order closes the old side first, so what that took is there for the new one."""
    whole = {"sizing": {"method": "equal", "max_position_pct": 1.0, "max_total_exposure_pct": 0.8, "max_portfolio_var_pct": 1.0}}
    script = {0: lambda ctx: ctx.target("A", 1.0), 2: lambda ctx: ctx.target("A", -1.0)}
    played = play(script, bars("A", still(100, 5)), **whole)
    long, flipped = (quantity for _, _, quantity, _ in played.fills)
    assert (long, flipped) == (800.0, -1600.0)
