"""Cash, limited and margin accounts through the whole path; worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from framework.domain.account_event import GoodFaithViolation, Interest, MarginCall
from framework.engine.market import session_number
from tests.builders import bars, daily, life, minutes, play, still

MARGIN = {"type": "margin", "cash": 10_000, "debit_rate": 0.0, "borrow_rate": 0.0}
CASH = {"type": "cash", "cash": 1_000}
#: Whole shares, and no collar on what a market order pays.
WHOLE = {"name": "generic", "fractional": False}
#: Sessions of a year in which trades settle on the next business day.
RECENT = daily(400, date(2024, 6, 3))


def buy(quantity=10, symbol="A", **terms):
    return lambda ctx: ctx.buy(symbol, quantity, **terms)


def sell(quantity=10, symbol="A", **terms):
    return lambda ctx: ctx.sell(symbol, quantity, **terms)


def ends(played):
    return [life(order)[-1] for order in played.orders]


# --- margin: what may be bought


@pytest.mark.parametrize(("kind", "most"), [("margin", 200), ("limited", 100)])
def test_a_margin_account_buys_twice_what_a_limited_one_does(kind, most):
    for quantity, end in ((most, "filled"), (most + 1, "denied")):
        played = play({0: buy(quantity)}, bars("A", still(100, 3)), account=MARGIN | {"type": kind}, limits={"entry_collar_pct": 0.0})
        assert ends(played) == [end]


def test_what_is_borrowed_is_a_negative_balance_and_no_loss():
    played = play({0: buy(200)}, bars("A", still(100, 3)), account=MARGIN, limits={"entry_collar_pct": 0.0})
    assert (played.cash, played.equity[-1]) == (-10_000.0, 10_000 * 10**6)
    assert float(played.simulation.broker.get_account().buying_power) == 0.0


def test_the_venue_stops_a_purchase_where_the_price_has_run_away():
    # 200 at 100 would be covered; at an open of 120 half of 20,000 is 166 shares (of 120, half is 60: 10,000 / 60).
    rows = [*still(100), (120, 120, 120, 120), (120, 120, 120, 120)]
    config = {"account": MARGIN, "limits": {"entry_collar_pct": 0.0}, "broker": WHOLE}
    played = play({0: buy(200)}, bars("A", rows), **config)
    assert (played.held(), life(played.orders[0])[-1]) == (166.0, "canceled")


def test_a_short_needs_half_of_its_value_beside_what_it_brings():
    script = {0: sell(100), 2: sell(150), 4: sell(100)}
    played = play(script, bars("A", still(100, 6)), account=MARGIN, limits={"entry_collar_pct": 0.0})
    assert (ends(played), played.held()) == (["filled", "denied", "filled"], -200.0)
    assert played.refusals == ["insufficient_buying_power"]


def test_closing_one_side_makes_room_for_the_other():
    played = play({0: buy(200), 2: sell(400)}, bars("A", still(100, 4)), account=MARGIN, limits={"entry_collar_pct": 0.0})
    assert played.held() == -200.0


# --- margin: calls


def test_a_fall_below_maintenance_is_called_and_met_by_selling_what_is_missing():
    # 200 shares at 100 with 10,000 of one's own. At 66: equity 3,200, maintenance a quarter of 13,200 = 3,300; 100 of it is 6.06 shares.
    rows = [*still(100, 2), *still(66, 3)]
    config = {"account": MARGIN, "limits": {"entry_collar_pct": 0.0}, "broker": WHOLE}
    played = play({0: buy(200)}, bars("A", rows), **config)
    assert played.of(MarginCall) == [MarginCall(played.times[2], "", 3_200 * 10**6, 3_300 * 10**6)]
    assert played.fills[1:] == [(3, "A", -7.0, 66.0)]
    assert played.orders[1].reason == "margin_call"


def test_at_maintenance_there_is_no_call():
    # At 66.67: 3,334 against 3,333.50.
    played = play({0: buy(200)}, bars("A", [*still(100, 2), *still(66.67, 2)]), account=MARGIN, limits={"entry_collar_pct": 0.0})
    assert played.of(MarginCall) == []


def test_the_largest_requirement_is_reduced_first_and_no_more_than_is_needed():
    first, second = [*still(100, 2), *still(70, 3)], [*still(100, 2), *still(60, 3)]
    script = {0: lambda ctx: (ctx.buy("A", 120), ctx.buy("B", 80))}
    played = play(script, bars("A", first), bars("B", second), account=MARGIN, limits={"entry_collar_pct": 0.0})
    # Equity 3,200 against a quarter of 8,400 and of 4,800, 3,300: 100 of the larger are 5.714286 shares at 17.50.
    assert [fill for fill in played.fills if fill[2] < 0] == [(3, "A", -5.714286, 70.0)]


def test_a_squeezed_short_is_bought_back_in_part():
    # 100 sold at 100 with 10,000: at 150 equity is 5,000, 30 % of 15,000 are 4,500; at 160 it is 4,000 against 4,800.
    played = play({0: sell(100)}, bars("A", [*still(100, 2), *still(150), *still(160, 2)]), account=MARGIN)
    assert [event.timestamp for event in played.of(MarginCall)] == [played.times[3]]
    assert played.fills[1] == (4, "A", pytest.approx(800 / 48, abs=1e-6), 160.0)


def test_nothing_is_entered_while_the_call_is_open():
    rows = [*still(100, 2), *still(66, 3)]
    played = play({0: buy(200), 2: buy(1)}, bars("A", rows), account=MARGIN, limits={"entry_collar_pct": 0.0})
    assert played.refusals == ["insufficient_buying_power"]


def test_a_sale_that_is_under_way_is_not_ordered_again():
    # Ten shares trade a day: 2 of the 7 can be sold.
    rows = [*still(100, 2), (66, 66, 66, 66, 20), (66, 66, 66, 66, 20), *still(66, 2)]
    config = {"account": MARGIN, "limits": {"entry_collar_pct": 0.0}, "broker": WHOLE, "fills": {"max_volume_share": 0.1}}
    played = play({0: buy(200)}, bars("A", rows), **config)
    assert [order.reason for order in played.orders] == ["explicit", "margin_call"]
    assert played.fills[1:] == [(3, "A", -2.0, 66.0), (4, "A", -5.0, 66.0)]
    assert len(played.of(MarginCall)) == 1


# --- interest


def test_interest_runs_over_the_days_between_sessions():
    # 10,000 borrowed at 7.2 %: 2 dollars a day. Bar 1 is 2012-01-04, a Wednesday; bar 4 the Monday after.
    account = MARGIN | {"debit_rate": 0.072}
    played = play({0: buy(200)}, bars("A", still(100, 5)), account=account, limits={"entry_collar_pct": 0.0})
    charged = [(event.timestamp, event.code, event.amount_micros) for event in played.of(Interest)]
    # The second day is on 10,002, the third on what both have made of it.
    assert charged == [
        (played.times[2], "debit_interest", -2_000_000),
        (played.times[3], "debit_interest", -2_000_400),
        (played.times[4], "debit_interest", -6_002_400),
    ]
    assert played.simulation.engine.desk.book.interest_micros == 10_002_800
    assert played.cash == -10_010.0028


def test_shares_sold_short_cost_a_fee_and_their_proceeds_earn_nothing():
    account = MARGIN | {"borrow_rate": 0.36, "credit_rate": 0.036}
    played = play({0: sell(100)}, bars("A", [*still(100, 2), *still(110, 2)]), account=account)
    second = [(event.symbol, event.code, event.amount_micros) for event in played.of(Interest) if event.timestamp == played.times[3]]
    # 11,000 at 36 % are 11 dollars a day; 20,000 - 11,000 of cash, less 10 and plus 2 dollars before, are free.
    assert ("A", "borrow_fee", -11_000_000) in second
    free = [amount for symbol, code, amount in second if code == "credit_interest"]
    assert free == [pytest.approx(9_000 * 100, abs=1_000)]


def test_without_rates_nothing_is_charged_in_a_limited_account():
    played = play({0: sell(50)}, bars("A", still(100, 5)), account={"cash": 10_000})
    assert played.of(Interest) == []


def test_borrowing_costs_something_by_default():
    played = play({0: buy(200)}, bars("A", still(100, 3)), account={"type": "margin", "cash": 10_000}, limits={"entry_collar_pct": 0.0})
    assert [event.amount_micros for event in played.of(Interest)] == [round(-10_000 * 0.08 / 360 * 10**6)]


# --- cash accounts


def moves(symbol, count=40, price=100.0):
    return bars(symbol, still(price, count), RECENT[:count])


def test_a_cash_account_has_no_short_sales():
    played = play({0: sell()}, moves("A", 3), account=CASH)
    assert (ends(played), played.refusals) == (["denied"], ["short_not_allowed"])


def round_trips_within_a_day(days):
    """Bars at 100 and their times, four in a session."""
    times = [time for day in days for time in minutes(day, (10, 20, 30, 40))]
    return bars("A", still(100, len(times)), times), times


def test_selling_what_unsettled_money_bought_is_counted():
    days = [date(2024, 6, 3), date(2024, 6, 4)]
    series, times = round_trips_within_a_day(days)
    # Day 1: bought with settled cash. Day 2: sold, bought again with that money, and sold: one violation.
    script = {0: buy(), 4: sell(), 5: buy(), 6: sell()}
    played = play(script, series, account=CASH, limits={"entry_collar_pct": 0.0}, data={"resolution": "10m"})
    (found,) = played.of(GoodFaithViolation)
    assert (found.timestamp, found.symbol, found.count, found.restricted_until) == (times[7], "A", 1, 0)


def test_the_third_violation_leaves_settled_cash_only_for_ninety_days():
    days = [date(2024, 6, day) for day in (3, 4, 5, 6, 7)]
    series, _ = round_trips_within_a_day(days)
    # Every day from the second on: sell, buy, sell, buy. From the third violation on what was sold today buys nothing.
    script = {0: buy()}
    for day in range(1, 5):
        script |= {4 * day: sell(), 4 * day + 1: buy(), 4 * day + 2: sell()}
        if day < 4:
            script[4 * day + 3] = buy()
    played = play(script, series, account=CASH, limits={"entry_collar_pct": 0.0}, data={"resolution": "10m"})
    found = played.of(GoodFaithViolation)
    assert [one.count for one in found] == [1, 2, 3]
    assert found[-1].restricted_until == session_number(found[-1].timestamp) + 90
    assert set(played.refusals) <= {"unsettled_cash", "short_not_allowed"}
    assert "unsettled_cash" in played.refusals


def test_money_that_has_settled_is_good_for_everything():
    script = {0: buy(), 2: sell(), 4: buy(), 6: sell(), 8: buy(), 10: sell(), 12: buy(), 14: sell()}
    played = play(script, moves("A"), account=CASH, limits={"entry_collar_pct": 0.0})
    assert (set(ends(played)), played.of(GoodFaithViolation)) == ({"filled"}, [])


def test_a_limited_account_counts_no_violations():
    series, _ = round_trips_within_a_day([date(2024, 6, 3), date(2024, 6, 4)])
    script = {0: buy(), 4: sell(), 5: buy(), 6: sell()}
    played = play(script, series, account=CASH | {"type": "limited"}, limits={"entry_collar_pct": 0.0}, data={"resolution": "10m"})
    assert (set(ends(played)), played.of(GoodFaithViolation)) == ({"filled"}, [])


# --- found by a review


@pytest.mark.parametrize("terms", [{"order_type": "limit", "limit_price": 200}, {"order_type": "stop_loss", "stop_price": 40}])
def test_a_call_is_met_although_an_exit_of_the_strategy_s_own_holds_the_shares(terms):
    script = {0: buy(180), 1: sell(180, **terms)}
    played = play(script, bars("A", still(100, 2) + still(60, 3)), account=MARGIN, broker={"name": "robinhood"})
    called = [order for order in played.orders if order.tag == "margin_call"]
    # 10,800 worth, 8,000 owed: a quarter is 2,700 where equity is 2,800; one dollar lower it is not.
    assert called == []
    played = play(script, bars("A", still(100, 2) + still(55, 3)), account=MARGIN, broker={"name": "robinhood"})
    called = [order for order in played.orders if order.tag == "margin_call"]
    assert [life(order)[-1] for order in called] == ["filled"]
    assert played.orders[1].changes[-2].reason == "margin_call"


def test_what_a_short_sale_brought_pays_for_nothing_when_a_price_runs_away():
    short = bars("A", still(100, 6))
    long = bars("B", [*still(1000, 3), *still(2400, 3)])
    account = {"type": "limited", "cash": 100_000}
    played = play({0: sell(400), 2: buy(55, "B")}, short, long, account=account, broker=WHOLE)
    # 140,000 in cash, 40,000 of it and as much again for the short: 60,000 buy 25 at 2,400.
    assert played.held("B") == 25.0


def test_a_short_that_opens_far_above_its_decision_is_no_larger_than_equity():
    played = play({2: sell(90)}, bars("A", [*still(1000, 3), *still(2400, 3)]), account={"type": "limited", "cash": 100_000}, broker=WHOLE)
    assert played.held() == -41.0
    assert played.orders[0].changes[-1].reason == "insufficient_buying_power"
