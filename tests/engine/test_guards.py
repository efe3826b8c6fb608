"""The circuit breakers on a running account: what they refuse, what they let pass, and how they let go."""

from __future__ import annotations

from datetime import date

import pytest

from tests.builders import Scripted, bars, life, minutes, play, still

#: The minutes between those of a test are left out: no data are missing.
ON = {"enabled": True, "max_missed_bars": 0}
#: 500 shares at 100 in an account of 100,000 dollars: a close of 96 is a loss of exactly 2 %.
ALL_DAYS = {"enabled": True, "max_daily_loss_pct": 1.0}
FIXED = {"method": "fixed", "fixed_amount": 10_000.0, "max_position_pct": 1.0, "max_portfolio_var_pct": 1.0}


def buy(quantity, symbol="A", **terms):
    return lambda ctx: ctx.buy(symbol, quantity, **terms)


def sell(quantity, symbol="A", **terms):
    return lambda ctx: ctx.sell(symbol, quantity, **terms)


def both(*actions):
    return lambda ctx: [action(ctx) for action in actions]


def changes(played):
    """(code, bar) of everything the guards did."""
    return [(one.code, played.times.index(one.timestamp)) for one in played.simulation.journal.transitions]


def closes(*prices):
    """Bars that trade at one price each."""
    return [row for price in prices for row in still(price)]


# --- the day's loss


def test_a_loss_of_two_percent_since_the_last_session_refuses_entries_and_lets_exits_pass():
    script = {0: buy(500), 2: both(buy(10, "B"), sell(100))}
    played = play(script, bars("A", closes(100, 100, 96, 96)), bars("B", still(50, 4)), guards=ON)
    assert played.fills == [(1, "A", 500.0, 100.0), (3, "A", -100.0, 96.0)]
    (refusal,) = played.simulation.journal.refusals
    assert (refusal.code, refusal.symbol, refusal.figure, refusal.limit) == ("guard_reducing", "B", 0.02, 0.02)
    assert refusal.detail == "buy 10 B: equity is 2.00% below the last session's end ([guards] max_daily_loss_pct = 0.02)"
    assert life(played.orders[1]) == ["denied"]


def test_a_cent_less_is_no_such_loss():
    script = {0: buy(500), 2: buy(10, "B")}
    played = play(script, bars("A", closes(100, 100, 96.01, 96)), bars("B", still(50, 4)), guards=ON)
    assert (played.refusals, changes(played), played.held("B")) == ([], [], 10.0)


def test_the_next_session_lets_go_of_it():
    script = {0: buy(500), 2: buy(10, "B"), 3: buy(20, "B")}
    played = play(script, bars("A", closes(100, 100, 96, 96, 96)), bars("B", still(50, 5)), guards=ON)
    assert changes(played) == [("daily_loss", 2), ("new_session", 3)]
    assert (played.held("B"), played.refusals) == (20.0, ["guard_reducing"])


def test_it_stays_where_the_next_session_may_not_let_go():
    script = {0: buy(500), 2: buy(10, "B"), 3: buy(20, "B")}
    guards = {"enabled": True, "resets_daily": False}
    played = play(script, bars("A", closes(100, 100, 96, 96, 96)), bars("B", still(50, 5)), guards=guards)
    assert (changes(played), played.refusals) == ([("daily_loss", 2)], ["guard_reducing"] * 2)


def test_within_a_session_it_holds_until_the_session_is_over():
    monday, tuesday = date(2012, 1, 9), date(2012, 1, 10)
    times = (*minutes(monday, (1, 2, 3, 4)), *minutes(tuesday, (1, 2)))
    # Down 2 % in the third minute and up again in the fourth.
    series = (bars("A", closes(100, 100, 96, 100, 100, 100), times), bars("B", still(50, 6), times))
    script = {0: buy(500), 2: buy(1, "B"), 3: buy(2, "B"), 4: buy(4, "B")}
    played = play(script, *series, guards=ON, data={"resolution": "1m"})
    assert (changes(played), played.held("B")) == ([("daily_loss", 2), ("new_session", 4)], 4.0)


def test_an_overnight_gap_counts_as_a_loss_of_the_day_it_opens():
    # 100 at the end of a session, 96 at the first minute of the next one.
    times = (*minutes(date(2012, 1, 9), (1, 390)), *minutes(date(2012, 1, 10), (1, 2)))
    played = play({0: buy(500), 2: buy(1)}, bars("A", closes(100, 100, 96, 96), times), guards=ON, data={"resolution": "1m"})
    assert (changes(played), played.refusals) == ([("daily_loss", 2)], ["guard_reducing"])


def test_profit_given_back_within_a_session_refuses_entries():
    # 500 shares gain 3,000 dollars (3 %, the goal is 2 %) and lose half of it again.
    times = minutes(date(2012, 1, 9), (1, 2, 3, 4, 5))
    played = play({0: buy(500), 3: buy(1)}, bars("A", closes(100, 100, 106, 103, 103), times), guards=ON, data={"resolution": "1m"})
    assert (changes(played), played.refusals) == ([("profit_protection", 3)], ["guard_reducing"])


def test_working_entries_of_before_keep_working():
    script = {0: both(buy(500), buy(10, "B", order_type="limit", limit_price=45))}
    played = play(script, bars("A", closes(100, 100, 96, 96)), bars("B", closes(50, 50, 50, 44)), guards=ON)
    assert (changes(played)[0], played.fills[-1]) == (("daily_loss", 2), (3, "B", 10.0, 44.0))


# --- what a target becomes


def test_a_target_on_the_other_side_leaves_and_does_not_enter():
    # 500 long, wanted: 100 short at 100 dollars a share of 96: only the way out is sent.
    script = {0: buy(500), 2: lambda ctx: ctx.target("A", -1.0)}
    played = play(script, bars("A", closes(100, 100, 96, 96)), guards=ON, sizing=FIXED)
    assert played.fills == [(1, "A", 500.0, 100.0), (3, "A", -500.0, 96.0)]
    assert played.refusals == ["guard_reducing"]


def test_a_smaller_target_passes_and_a_larger_one_does_not():
    # Worth 4,800 at the close of 96 dollars; half strength asks for 5,000, a tenth for 1,000.
    for strength, held, refusals in ((0.5, 50.0, ["guard_reducing"]), (0.1, pytest.approx(1_000 / 96, abs=1e-6), [])):
        script = {0: both(buy(50), buy(450, "B")), 2: lambda ctx, strength=strength: ctx.target("A", strength)}
        series = (bars("A", closes(100, 100, 96, 96)), bars("B", closes(100, 100, 96, 96)))
        sizing = FIXED | {"min_position_value": 0.0, "max_total_exposure_pct": 1.0}
        played = play(script, *series, guards=ON, sizing=sizing)
        assert (played.held("A"), played.refusals) == (held, refusals)


# --- the fall from the peak


def test_a_drawdown_is_latched_and_recovery_does_not_open_it():
    # Peak 105,000 at 110; 99.50 is 5 % below it (99,750). Back at 120 on the last bars.
    prices = (100, 100, 110, 99.5, 120, 120, 120)
    script = {0: buy(500), 3: buy(1), 4: buy(1), 5: sell(200)}
    played = play(script, bars("A", closes(*prices)), guards=ALL_DAYS | {"max_drawdown_pct": 0.05})
    assert changes(played) == [("drawdown", 3)]
    assert (played.refusals, played.held()) == (["guard_reducing"] * 2, 300.0)
    assert "below its peak ([guards] max_drawdown_pct = 0.05)" in played.simulation.journal.refusals[0].detail


def test_a_cent_above_is_no_drawdown():
    played = play({0: buy(500), 3: buy(1)}, bars("A", closes(100, 100, 110, 99.51, 99)), guards=ALL_DAYS | {"max_drawdown_pct": 0.05})
    assert (changes(played)[:1], played.refusals) == ([("drawdown", 4)], [])


# --- losing trades


def round_trips(*opens):
    """Bars on which a trip a pair is entered at one open and left at the next; every close is 100."""
    return bars("A", [*still(), *[(price, max(price, 100), min(price, 100), 100) for price in opens], *still()])


TRIPS = {number: buy(10) if number % 2 == 0 else sell(10) for number in range(4)}


def test_losing_trades_in_a_row_refuse_entries_for_the_rest_of_the_session():
    # Bought at 101 and sold at 100, twice; the second ends at the open of bar 4 and is known at its close.
    script = TRIPS | {4: buy(1), 5: buy(2)}
    played = play(script, round_trips(101, 100, 101, 100, 100), guards={"enabled": True, "max_consecutive_losses": 2})
    assert changes(played) == [("consecutive_losses", 4), ("new_session", 5)]
    assert (played.refusals, played.held()) == (["guard_reducing"], 2.0)
    assert "2 losing trades in a row ([guards] max_consecutive_losses = 2)" in played.simulation.journal.refusals[0].detail


def test_a_trade_that_wins_in_between_starts_the_count_again_and_one_of_nothing_does_not():
    won = play(TRIPS | {4: buy(1)}, round_trips(101, 100, 99, 100, 100), guards={"enabled": True, "max_consecutive_losses": 2})
    even = {number: buy(10) if number % 2 == 0 else sell(10) for number in range(6)} | {6: buy(1)}
    nothing = play(even, round_trips(101, 100, 100, 100, 101, 100, 100), guards={"enabled": True, "max_consecutive_losses": 2})
    assert (changes(won), changes(nothing)) == ([], [("consecutive_losses", 6), ("new_session", 7)])


def test_fees_make_a_trade_a_loss():
    fees = {"fees": {"per_share": 0.01}}
    played = play(TRIPS, round_trips(100, 100, 100, 100), guards={"enabled": True, "max_consecutive_losses": 2}, fills=fees)
    assert changes(played) == [("consecutive_losses", 4), ("new_session", 5)]


# --- size after a losing streak


def in_and_out(count):
    return {number: (lambda ctx, number=number: ctx.target("A", 1.0 if number % 2 == 0 else 0.0)) for number in range(count)}


STREAK = {"enabled": True, "streak_losses": 2, "streak_multiplier": 0.25, "streak_recovery_wins": 2}


def test_two_losses_in_a_row_cut_entries_to_a_quarter_until_two_have_won():
    # 10,000 dollars at the close of 100; entered at 101 it loses, at 99 it wins.
    played = play(in_and_out(9), round_trips(101, 100, 101, 100, 99, 100, 99, 100, 100), guards=STREAK, sizing=FIXED)
    assert [fill[2] for fill in played.fills if fill[2] > 0] == [100.0, 100.0, 25.0, 25.0, 100.0]
    assert changes(played) == [("size_cut", 4), ("size_restored", 8)]
    assert played.refusals == []


def test_a_loss_between_two_wins_starts_the_recovery_again():
    opens = (101, 100, 101, 100, 99, 100, 101, 100, 99, 100, 99, 100, 100)
    played = play(in_and_out(13), round_trips(*opens), guards=STREAK, sizing=FIXED)
    assert [fill[2] for fill in played.fills if fill[2] > 0] == [100.0, 100.0, 25.0, 25.0, 25.0, 25.0, 100.0]


def test_what_is_held_already_is_not_cut_only_what_is_added():
    # Half of 10,000 is held when B has lost twice; the other half is cut to a quarter: 12.5 shares.
    script = {0: both(lambda ctx: ctx.target("A", 0.5), buy(1, "B")), 1: sell(1, "B"), 2: buy(1, "B"), 3: sell(1, "B")}
    script |= {4: lambda ctx: ctx.target("A", 1.0)}
    losing = bars("B", [*still(), (101, 101, 100, 100), *still(), (101, 101, 100, 100), *still(100, 2)])
    played = play(script, bars("A", still(100, 6)), losing, guards=STREAK, sizing=FIXED)
    assert played.held("A") == 62.5


# --- off, halted, protective


def test_with_guards_disabled_nothing_is_refused_or_cut():
    script = {0: buy(500), 2: buy(10, "B")}
    off = {"enabled": False, "max_daily_loss_pct": 0.001, "max_consecutive_losses": 1, "streak_losses": 1}
    played = play(script, bars("A", closes(100, 100, 50, 50)), bars("B", still(50, 4)), guards=off)
    assert (played.refusals, changes(played), played.held("B")) == ([], [], 10.0)
    streak = play(in_and_out(7), round_trips(101, 100, 101, 100, 101, 100, 100), guards=off, sizing=FIXED)
    assert {fill[2] for fill in streak.fills} == {100.0, -100.0}


HALT = {"enabled": True, "max_violations": 1}


def test_enough_violations_halt_and_then_even_the_strategys_own_exits_are_refused():
    script = {0: buy(500), 2: both(sell(100), buy(1)), 4: sell(100)}
    played = play(script, bars("A", closes(100, 100, 96, 96, 96, 96)), guards=HALT)
    assert changes(played) == [("daily_loss", 2), ("emergency_shutdown", 2), ("new_session", 3)]
    assert (played.refusals, played.held()) == (["guard_halted"] * 3, 500.0)
    assert "1 violations of daily_loss_limit ([guards] max_violations = 1)" in played.simulation.journal.refusals[0].detail


def test_a_protective_stop_works_while_halted():
    stops = {"attach": "entries", "method": "percent", "percent": 5}
    played = play({0: buy(500)}, bars("A", [*still(100, 2), *still(96), (96, 96, 94, 94)]), guards=HALT, stops=stops)
    assert played.fills[-1] == (3, "A", -500.0, 95.0)


def test_what_fills_while_halted_is_protected_all_the_same():
    # The rest of an entry that works since before fills after the halt: 100 of 300 at first, 96 is a loss of 2 % of 20,000 dollars.
    rows = [*still(), (100, 100, 100, 100, 1_000), (96, 96, 96, 96, 0), (96, 96, 96, 96, 2_000)]
    stops = {"attach": "entries", "method": "percent", "percent": 10}
    config = {"fills": {"max_volume_share": 0.1}, "account": {"cash": 32_000}}
    played = play({0: buy(300)}, bars("A", rows), guards=HALT | {"max_daily_loss_pct": 0.0125}, stops=stops, **config)
    assert ("emergency_shutdown", 2) in changes(played)
    # The average is 97.333..., its stop 87.60 looser than the first one of 90.
    assert (played.held(), played.stops()) == (300.0, [(300.0, 90.0)])


class Replies(Scripted):
    """Buys one share of B whenever something of A has filled."""

    def on_fill(self, ctx, fill):
        if fill.symbol == "A":
            ctx.buy("B", 1)


def test_a_reply_to_news_is_refused_like_any_entry_once_the_close_has_tripped_a_breaker():
    # The stop at 95 loses 2.5 % of the account within bar 2; the strategy hears of it at that close.
    stops = {"attach": "entries", "method": "percent", "percent": 5}
    series = (bars("A", [*still(100, 2), (100, 100, 94, 94), *still(94)]), bars("B", still(50, 4)))
    played = play(Replies({0: buy(500)}), *series, guards=ON, stops=stops)
    assert [(one.timestamp, one.code) for one in played.simulation.journal.refusals] == [(played.times[2], "guard_reducing")]
    assert played.held("B") == 1.0  # in reply to the entry
