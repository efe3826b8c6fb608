"""How long an order works, and the orders that have one moment only: at once, at the opening, at the close."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from framework.domain.order import OrderStatus
from framework.errors import InvalidOrderError
from tests.builders import bars, daily, life, minutes, play, still

MONDAY, TUESDAY, WEDNESDAY = date(2012, 1, 9), date(2012, 1, 10), date(2012, 1, 11)
CAPPED = {"max_volume_share": 0.10}
MINUTES = {"resolution": "1m"}


def buy(quantity=10, force="gtc", limit=None, **terms):
    kind = {} if limit is None else {"order_type": "limit", "limit_price": limit}
    return lambda ctx: ctx.buy("A", quantity, time_in_force=force, **kind, **terms)


def ended(played, number=0):
    """Bar, status and reason of the last change of an order."""
    change = played.orders[number].changes[-1]
    return played.times.index(change.timestamp), change.status.value, change.reason


# --- immediate or cancel, fill or kill


def test_an_immediate_order_takes_what_the_open_print_bears_and_the_rest_is_canceled():
    rows = [*still(), (100, 105, 99, 104, 400), *still(104)]
    played = play({0: buy(100, "ioc")}, bars("A", rows), fills=CAPPED)
    assert played.fills == [(1, "A", 40.0, 100.0)]
    assert ended(played) == (1, "canceled", "ioc order: the rest was not to be had at once")
    assert life(played.orders[0]) == ["submitted", "accepted", "partially_filled", "canceled"]


def test_an_immediate_order_that_fills_whole_is_filled():
    assert life(play({0: buy(10, "ioc")}, bars("A", still(100, 2))).orders[0])[-1] == "filled"


def test_an_immediate_limit_does_not_wait_for_the_low():
    # The open of 100 is above 99; the low of 98 comes too late.
    played = play({0: buy(10, "ioc", limit=99)}, bars("A", [*still(), (100, 101, 98, 99), *still(98)]))
    assert (played.fills, ended(played)[:2]) == ([], (1, "canceled"))


def test_an_immediate_limit_that_the_open_is_better_than_pays_the_open():
    played = play({0: buy(10, "ioc", limit=99)}, bars("A", [*still(), (98, 101, 97, 99)]))
    assert played.fills == [(1, "A", 10.0, 98.0)]


@pytest.mark.parametrize(("volume", "filled"), [(999, []), (1000, [(1, "A", 100.0, 100.0)])])
def test_a_fill_or_kill_order_is_all_or_nothing(volume, filled):
    # A tenth of 999 shares is 99.9 where fractions are traded: not all of 100.
    played = play({0: buy(100, "fok")}, bars("A", [*still(), (100, 100, 100, 100, volume), *still()]), fills=CAPPED)
    assert played.fills == filled
    assert played.orders[0].status is (OrderStatus.FILLED if filled else OrderStatus.CANCELED)


def test_a_fill_or_kill_order_that_the_cash_does_not_pay_for_buys_nothing():
    # 95 at 100 are reserved at 105; at 125 the 10,000 dollars pay for 80.
    played = play({0: buy(95, "fok")}, bars("A", [*still(), *still(125)]), account={"cash": 10_000})
    assert (played.fills, ended(played)[1]) == ([], "canceled")


@pytest.mark.parametrize("force", ["ioc", "fok"])
def test_where_nothing_trades_there_is_no_at_once(force):
    played = play({0: buy(10, force)}, bars("A", [*still(), (100, 100, 100, 100, 0), *still()]))
    assert (played.fills, ended(played)[:2]) == ([], (1, "canceled"))


def test_an_immediate_order_in_a_halted_symbol_ends_with_the_session():
    halted = bars("A", still(100, 2), (daily(3)[0], daily(3)[2]))
    played = play({0: buy(10, "ioc")}, halted, bars("B", still(50, 3)))
    assert (played.fills, ended(played)) == ([], (1, "expired", "nothing traded in its session"))


# --- the opening


def test_a_market_on_open_order_of_a_daily_decision_fills_at_the_next_open():
    played = play({0: buy(10, "opg")}, bars("A", [*still(), (103, 105, 99, 104)]))
    assert played.fills == [(1, "A", 10.0, 103.0)]


def test_a_market_on_open_order_made_during_a_session_waits_for_the_next_opening():
    times = (*minutes(MONDAY, (1, 2, 390)), *minutes(TUESDAY, (1, 2)))
    rows = [*still(100, 3), (107, 108, 106, 107), *still(107)]
    played = play({0: buy(10, "opg")}, bars("A", rows, times), data=MINUTES)
    assert played.fills == [(3, "A", 10.0, 107.0)]


def test_a_limit_on_open_order_fills_at_the_opening_or_not_at_all():
    # 101 is the limit: the open of 102 is above it, and the low of 98 is no opening.
    missed = play({0: buy(10, "opg", limit=101)}, bars("A", [*still(), (102, 103, 98, 99), *still(98)]))
    assert (missed.fills, ended(missed)) == ([], (1, "expired", "the opening is over"))
    filled = play({0: buy(10, "opg", limit=101)}, bars("A", [*still(), (100.5, 103, 98, 99)]))
    assert filled.fills == [(1, "A", 10.0, 100.5)]


def test_an_opening_that_cannot_fill_all_expires_the_rest():
    played = play({0: buy(100, "opg")}, bars("A", [*still(), (100, 100, 100, 100, 400), *still()]), fills=CAPPED)
    assert played.fills == [(1, "A", 40.0, 100.0)]
    assert life(played.orders[0]) == ["submitted", "accepted", "partially_filled", "expired"]


def test_a_delayed_opening_is_the_opening():
    # The first two minutes are without trades; the third opens the session.
    times = (*minutes(MONDAY, (390,)), *minutes(TUESDAY, (1, 2, 3)))
    rows = [*still(), (100, 100, 100, 100, 0), (100, 100, 100, 100, 0), (95, 96, 94, 95)]
    played = play({0: buy(10, "opg")}, bars("A", rows, times), data=MINUTES)
    assert played.fills == [(3, "A", 10.0, 95.0)]


def test_a_session_without_an_opening_ends_the_order():
    halted = bars("A", still(100, 2), (daily(3)[0], daily(3)[2]))
    played = play({0: buy(10, "opg")}, halted, bars("B", still(50, 3)))
    assert (played.fills, ended(played)) == ([], (1, "expired", "the opening is over"))


def test_the_opening_shares_the_volume_first_come_first_served():
    def script(ctx):
        ctx.buy("A", 30, tag="market")
        ctx.buy("A", 30, time_in_force="opg", tag="opening")

    played = play({0: script}, bars("A", [*still(), (100, 100, 100, 100, 400), *still()]), fills=CAPPED)
    assert played.fills == [(1, "A", 30.0, 100.0), (1, "A", 10.0, 100.0)]


# --- the close


def test_a_market_on_close_order_of_a_daily_decision_fills_at_the_next_close():
    played = play({0: buy(10, "cls")}, bars("A", [*still(), (103, 105, 99, 104)]))
    assert played.fills == [(1, "A", 10.0, 104.0)]


def test_a_market_on_close_order_made_during_a_session_fills_at_its_last_close():
    times = (*minutes(MONDAY, (1, 389, 390)), *minutes(TUESDAY, (1,)))
    rows = [*still(100, 2), (101, 104, 99, 103), *still(103)]
    played = play({0: buy(10, "cls")}, bars("A", rows, times), data=MINUTES)
    assert played.fills == [(2, "A", 10.0, 103.0)]


def test_one_made_at_the_close_waits_for_the_next_sessions_close():
    times = (*minutes(MONDAY, (390,)), *minutes(TUESDAY, (1, 390)))
    played = play({0: buy(10, "cls")}, bars("A", [*still(100, 2), (99, 100, 90, 92)], times), data=MINUTES)
    assert played.fills == [(2, "A", 10.0, 92.0)]


def test_the_close_of_a_half_day_is_the_close():
    friday = date(2011, 11, 25)  # 210 minutes
    played = play({0: buy(10, "cls")}, bars("A", still(100, 3), minutes(friday, (1, 209, 210))), data=MINUTES)
    assert played.fills == [(2, "A", 10.0, 100.0)]


def test_a_limit_on_close_order_looks_at_the_close_only():
    # The low of 98 is below the limit of 99, the close of 100 is not.
    missed = play({0: buy(10, "cls", limit=99)}, bars("A", [*still(), (100, 101, 98, 100), *still(98)]))
    assert (missed.fills, ended(missed)) == ([], (1, "expired", "the close is over"))
    filled = play({0: buy(10, "cls", limit=99)}, bars("A", [*still(), (100, 101, 98, 98.5)]))
    assert filled.fills == [(1, "A", 10.0, 98.5)]


def test_a_last_trade_before_the_close_is_no_close():
    # The symbol's last bar of Monday closes a minute early; nothing is filled at it, nor at Tuesday's first bar.
    times = (*minutes(MONDAY, (1, 389)), *minutes(TUESDAY, (1, 390)))
    played = play({0: buy(10, "cls")}, bars("A", still(100, 4), times), data=MINUTES)
    assert (played.fills, ended(played)) == ([], (2, "expired", "the close is over"))


def test_the_close_comes_after_everything_else_of_the_bar():
    # A tenth of 400 shares: the market order takes 30 at the open, 10 are left for the close.
    def script(ctx):
        ctx.buy("A", 30, time_in_force="cls", tag="close")
        ctx.buy("A", 30, tag="market")

    played = play({0: script}, bars("A", [*still(), (100, 103, 99, 102, 400), *still()]), fills=CAPPED)
    assert played.fills == [(1, "A", 30.0, 100.0), (1, "A", 10.0, 102.0)]
    assert life(played.orders[0])[-1] == "expired"


def test_the_stop_of_an_entry_at_the_close_works_from_the_next_bar():
    # In at the close of 97; the low of 80 is over by then. The next bar opens through the stop of 92.15.
    stops = {"attach": "entries", "method": "percent", "percent": 5}
    held = play({0: buy(10, "cls")}, bars("A", [*still(), (100, 101, 80, 97)]), stops=stops)
    assert (held.fills, held.stops()) == ([(1, "A", 10.0, 97.0)], [(10.0, 92.15)])
    left = play({0: buy(10, "cls")}, bars("A", [*still(), (100, 101, 80, 97), (91, 92, 90, 91)]), stops=stops)
    assert left.fills[1:] == [(2, "A", -10.0, 91.0)]


def test_a_session_without_a_close_ends_the_order():
    halted = bars("A", still(100, 2), (daily(3)[0], daily(3)[2]))
    played = play({0: buy(10, "cls")}, halted, bars("B", still(50, 3)))
    assert (played.fills, ended(played)) == ([], (1, "expired", "the close is over"))


def test_an_order_for_the_close_says_nothing_about_which_extreme_hurts():
    # Flat; the sell at the close is the oldest order, but only the buy stop works inside the bar: the high comes first.
    def script(ctx):
        ctx.sell("A", 1, time_in_force="cls")
        ctx.buy("A", 10, "stop_loss", stop_price=102)

    stops = {"attach": "entries", "method": "percent", "percent": 5}
    played = play({0: script}, bars("A", [*still(), (100, 103, 96, 100)]), stops=stops)
    assert played.fills == [(1, "A", 10.0, 102.0), (1, "A", -10.0, 96.9), (1, "A", -1.0, 100.0)]


# --- day and good till canceled


def test_a_day_order_in_a_halted_symbol_ends_with_the_first_session_it_could_trade_in():
    # No bar of A on the second day; on the third its price is below the limit, but the day is over.
    halted = bars("A", [*still(), *still(80)], (daily(3)[0], daily(3)[2]))
    played = play({0: buy(10, "day", limit=90)}, halted, bars("B", still(50, 3)))
    assert (played.fills, ended(played)) == ([], (1, "expired", "day order at the end of its session"))


def test_a_gtc_order_survives_a_halt():
    halted = bars("A", [*still(), *still(80)], (daily(3)[0], daily(3)[2]))
    played = play({0: buy(10, "gtc", limit=90)}, halted, bars("B", still(50, 3)))
    assert played.fills == [(2, "A", 10.0, 80.0)]


def sessions_until(last):
    """Number of bars from 2012-01-03 up to ``last``."""
    return next(number for number, close in enumerate(daily(90), 1) if datetime.fromtimestamp(close // 10**9, UTC).date() >= last)


@pytest.mark.parametrize(
    ("bars_before", "is_filled"), [(sessions_until(date(2012, 4, 2)), True), (sessions_until(date(2012, 4, 3)), False)]
)
def test_robinhood_cancels_a_gtc_order_after_90_days(bars_before, is_filled):
    # 2012-01-03 and 90 days is 2012-04-02, the last day it works.
    rows = [*still(100, bars_before - 1), (80, 80, 80, 80)]
    played = play({0: buy(10, "gtc", limit=90)}, bars("A", rows), broker={"name": "robinhood"})
    assert played.fills == ([(bars_before - 1, "A", 10.0, 80.0)] if is_filled else [])
    if not is_filled:
        assert ended(played) == (bars_before - 1, "expired", "gtc order at the end of its last day")


def test_a_stop_that_the_venue_lets_expire_is_placed_again_before_the_next_trade():
    count = sessions_until(date(2012, 4, 5))
    rows = [*still(100, count - 1), (90, 90, 90, 90)]
    stops = {"attach": "entries", "method": "percent", "percent": 5}
    played = play({0: buy(10)}, bars("A", rows), broker={"name": "robinhood"}, stops=stops)
    # In on 2012-01-04: that day's stop ends on 2012-04-03.
    assert [order.status.value for order in played.orders] == ["filled", "expired", "filled"]
    assert played.fills[1:] == [(count - 1, "A", -10.0, 90.0)]


def test_elsewhere_a_gtc_order_has_no_end():
    rows = [*still(100, 89), (80, 80, 80, 80)]
    assert play({0: buy(10, "gtc", limit=90)}, bars("A", rows)).fills == [(89, "A", 10.0, 80.0)]


# --- what cannot be


@pytest.mark.parametrize("force", ["ioc", "fok", "opg", "cls"])
def test_an_order_that_waits_for_its_price_has_no_one_moment(force):
    with pytest.raises(InvalidOrderError, match=f"A: a stop_loss order waits for its price, so it cannot be {force}; use day or gtc"):
        play({0: lambda ctx: ctx.sell("A", 1, "stop_loss", stop_price=90, time_in_force=force)}, bars("A", still(100, 2)))


@pytest.mark.parametrize("force", ["ioc", "fok", "opg", "cls"])
def test_robinhood_knows_day_and_gtc_only(force):
    played = play({0: buy(10, force)}, bars("A", still(100, 2)), broker={"name": "robinhood"})
    assert (played.refusals, life(played.orders[0])) == (["time_in_force_not_supported"], ["denied"])


def test_an_unknown_time_in_force_is_refused_with_the_known_ones():
    with pytest.raises(InvalidOrderError, match="choose one of day, gtc, ioc, fok, opg, cls"):
        play({0: buy(10, "gtd")}, bars("A", still(100, 2)))
