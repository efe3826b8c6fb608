"""Dividends with a pay date, and shares that cease to exist, through the whole path; worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.domain.account_event import Delisted, Dividend, Entitlement
from framework.domain.market import Delisting
from framework.engine.market import session_number
from tests.builders import bars, daily, life, play, still

TIMES = daily(7)
FIVE_PERCENT = {"attach": "entries", "method": "percent", "percent": 5}


def buy(quantity=10, symbol="A", **terms):
    return lambda ctx: ctx.buy(symbol, quantity, **terms)


def paying(pay_at, count=6, ex_at=2):
    """Bars at 100, with half a dollar that goes ex at bar ``ex_at`` and is paid in the session of bar ``pay_at``."""
    days = {ex_at: session_number(daily(20)[pay_at])}
    return bars("A", [*still(100, ex_at), *still(99.5, count - ex_at)], dividends={ex_at: 0.5}, pay_days=days)


# --- dividends


def test_a_dividend_is_owed_from_the_ex_date_and_cash_on_the_pay_date():
    cash = []
    played = play({0: buy()}, paying(4), each=lambda simulation: cash.append(float(simulation.broker.get_account().cash)))
    assert cash == [100_000.0, 99_000.0, 99_000.0, 99_000.0, 99_005.0, 99_005.0]
    assert played.equity == [100_000 * 10**6] * 6  # the price fell by what is owed
    assert played.of(Entitlement) == [Entitlement(TIMES[2], "A", 10 * 10**6, 5 * 10**6, session_number(TIMES[4]))]
    assert played.of(Dividend) == [Dividend(TIMES[4], "A", 10 * 10**6, 5 * 10**6)]


def test_whoever_sells_between_ex_date_and_pay_date_is_paid_all_the_same():
    played = play({0: buy(), 2: lambda ctx: ctx.close("A")}, paying(5))
    assert (played.held(), played.cash, played.equity[-1]) == (0.0, 100_000.0, 100_000 * 10**6)
    assert played.equity[3:5] == [100_000 * 10**6] * 2


def test_whoever_buys_after_the_ex_date_is_not_paid():
    played = play({2: buy()}, paying(5))
    assert played.of(Entitlement) == played.of(Dividend) == []


def test_whoever_is_short_on_the_ex_date_owes_it_from_then_and_pays_on_the_pay_date():
    played = play({0: lambda ctx: ctx.sell("A", 10)}, paying(4))
    assert played.cash == 100_000 + 1_000 - 5
    assert played.equity == [100_000 * 10**6] * 6


def test_what_is_owed_buys_nothing_before_it_is_paid():
    # 10 shares at 100 leave 100 dollars, and 980 are owed for them: 100 shares at 2 cost more than the one and less than the other.
    series = bars("A", [*still(100, 2), *still(2, 4)], dividends={2: 98.0}, pay_days={2: session_number(TIMES[4])})
    played = play({0: buy(), 2: buy(100), 4: buy(100)}, series, account={"cash": 1_100})
    assert [life(order)[-1] for order in played.orders] == ["filled", "denied", "filled"]
    assert played.refusals == ["insufficient_buying_power"]


def test_a_dividend_whose_pay_date_lies_after_the_run_is_worth_what_is_owed_at_its_end():
    played = play({0: buy()}, paying(10))
    assert (played.cash, played.equity[-1], played.of(Dividend)) == (99_000.0, 100_000 * 10**6, [])


def test_without_a_pay_date_both_happen_on_the_ex_date():
    played = play({0: buy()}, bars("A", [*still(100, 2), *still(99.5, 2)], dividends={2: 0.5}))
    assert [event.timestamp for event in (*played.of(Entitlement), *played.of(Dividend))] == [TIMES[2]] * 2
    assert played.cash == 99_005.0


def test_a_stop_follows_the_ex_date_and_not_the_pay_date():
    rows = [*still(100, 2), (98, 98, 94, 97), *still(97, 3)]
    series = bars("A", rows, dividends={2: 2.0}, pay_days={2: session_number(TIMES[4])})
    played = play({0: buy()}, series, stops=FIVE_PERCENT | {"lowers_on_dividend": True})
    assert played.stops() == [(10.0, 93.0)]


def test_the_dividend_of_a_splits_own_day_is_paid_on_the_new_shares():
    played = play({0: buy()}, bars("A", [*still(100, 2), *still(50, 2)], dividends={2: 0.5}, splits={2: 2.0}))
    assert played.cash == 99_010.0


# --- delistings


def delisted(payout, day_of=4, last=3):
    """A trades at 100 until bar ``last``, is delisted on the session of bar ``day_of``; B goes on."""
    gone = bars("A", still(100, last + 1), TIMES[: last + 1])
    return replace(gone, delisting=Delisting(session_number(TIMES[day_of]), payout)), bars("B", still(10, 7), TIMES)


@pytest.mark.parametrize("payout", [60.0, 0.0])
def test_holders_are_paid_and_the_shares_are_gone(payout):
    played = play({0: buy()}, *delisted(payout))
    assert (played.held(), played.cash) == (0.0, 99_000.0 + 10 * payout)
    assert played.equity[3:5] == [100_000 * 10**6, (99_000 + 10 * payout) * 10**6]
    assert played.of(Delisted) == [Delisted(TIMES[4], "A", 10 * 10**6, int(10 * payout * 10**6))]
    assert played.simulation.engine.desk.trips.returns == [pytest.approx(payout / 100 - 1)]


def test_a_short_pays_for_the_shares_that_are_gone():
    played = play({0: lambda ctx: ctx.sell("A", 10)}, *delisted(60.0))
    assert (played.held(), played.cash) == (0.0, 100_000 + 1_000 - 600)


def test_shares_are_paid_on_the_day_of_the_delisting_however_long_they_did_not_trade_before():
    played = play({0: buy()}, *delisted(60.0, day_of=6, last=2))
    assert [one.timestamp for one in played.of(Delisted)] == [TIMES[6]]


def test_orders_end_with_the_reason_and_new_ones_are_rejected_with_it():
    script = {0: buy(), 3: buy(5), 5: buy(1)}
    played = play(script, *delisted(60.0), stops=FIVE_PERCENT)
    ends = [(order.role.value, life(order)[-1], order.changes[-1].reason) for order in played.orders]
    assert ends == [
        ("explicit", "filled", ""),
        ("stop", "canceled", "delisted"),
        ("explicit", "canceled", "delisted"),
        ("explicit", "rejected", "delisted"),
    ]


def test_an_order_for_a_share_delisted_while_nothing_was_held_is_rejected_too():
    played = play({5: buy(1)}, *delisted(60.0))
    assert [life(order)[-1] for order in played.orders] == ["rejected"]


def test_bars_that_end_without_a_delisting_leave_the_position_at_its_last_price():
    gone, other = delisted(60.0)
    played = play({0: buy()}, replace(gone, delisting=None), other)
    assert (played.held(), played.equity[-1], played.of(Delisted)) == (10.0, 100_000 * 10**6, [])
