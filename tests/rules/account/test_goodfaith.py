"""Good faith in a cash account: the examples brokers print, and what holds whatever is traded."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.account.goodfaith import GoodFaith

EPOCH = date(1970, 1, 1)
MONDAY = date(2024, 6, 3).toordinal() - EPOCH.toordinal()  # a trade settles on the next business day
BUSINESS = np.array([day for day in range(MONDAY - 40, MONDAY + 900) if (EPOCH + timedelta(day)).weekday() < 5], dtype=np.int64)


def settled(money: GoodFaith, today: int) -> None:
    money.settle(today, BUSINESS[today >= BUSINESS])


def test_unsettled_money_buys_and_the_purchase_is_sold_before_it_settles():
    """Monday: XYZ is sold for 2,000; UVW is bought with 1,000 of it and sold on the same day."""
    money = GoodFaith()
    money.bought("XYZ", 100, 2_000, 2_000)
    settled(money, MONDAY)
    assert not money.sold("XYZ", 100, 2_000, MONDAY, "1")
    money.bought("UVW", 10, 1_000, 2_000)
    assert money.sold("UVW", 10, 1_500, MONDAY, "2")
    assert money.violations == [MONDAY]


def test_held_until_the_money_has_settled_it_is_no_violation():
    money = GoodFaith()
    money.bought("XYZ", 100, 2_000, 2_000)
    money.sold("XYZ", 100, 2_000, MONDAY, "1")
    money.bought("UVW", 10, 1_000, 2_000)
    settled(money, MONDAY + 1)
    assert money.unsettled() == 0
    assert not money.sold("UVW", 10, 1_500, MONDAY + 1, "2")


def test_what_settled_cash_suffices_for_may_be_sold_at_once():
    money = GoodFaith()
    money.bought("XYZ", 100, 2_000, 5_000)
    money.sold("XYZ", 100, 2_000, MONDAY, "1")  # 3,000 settled, 2,000 not
    money.bought("UVW", 30, 3_000, 5_000)
    assert not money.sold("UVW", 30, 3_000, MONDAY, "2")
    money.bought("UVW", 30, 3_001, 5_000)  # nothing is settled any more
    assert money.sold("UVW", 30, 3_000, MONDAY, "3")


def test_a_purchase_waits_for_the_youngest_sale_that_paid_for_it():
    two_days = date(2024, 5, 20).toordinal() - EPOCH.toordinal()  # a Monday with T+2
    money = GoodFaith()
    money.sold("A", 1, 1_000, two_days, "1")
    money.sold("B", 1, 1_000, two_days + 1, "2")
    money.bought("C", 2, 1_500, 2_000)
    settled(money, two_days + 2)
    assert money.unsettled() == 500
    assert money.sold("C", 2, 1_500, two_days + 2, "3")


def test_an_order_that_fills_in_parts_is_one_violation():
    money = GoodFaith()
    money.sold("A", 1, 2_000, MONDAY, "1")
    money.bought("B", 10, 2_000, 2_000)
    assert [money.sold("B", 5, 900, MONDAY, "2") for _ in range(2)] == [True, False]


def test_shares_leave_first_in_first_out():
    money = GoodFaith()
    money.bought("B", 10, 1_000, 1_000)
    money.sold("A", 1, 2_000, MONDAY, "1")
    money.bought("B", 10, 2_000, 2_000)
    assert not money.sold("B", 10, 2_000, MONDAY, "2")
    assert money.sold("B", 1, 200, MONDAY, "3")


def test_a_split_doubles_what_must_be_held():
    money = GoodFaith()
    money.bought("B", 10, 1_000, 1_000)
    money.sold("A", 1, 2_000, MONDAY, "1")
    money.bought("B", 10, 2_000, 2_000)
    money.split("B", 2, 1)
    assert not money.sold("B", 20, 2_000, MONDAY, "2")
    assert money.sold("B", 1, 100, MONDAY, "3")


def violated(*days: int) -> GoodFaith:
    return GoodFaith(violations=list(days))


def test_the_third_violation_in_a_year_restricts_for_ninety_days():
    assert violated(0, 100).restricted_until(100) == 0
    money = violated(0, 100, 365)
    assert [money.restricted_until(day) for day in (364, 365, 455, 456)] == [0, 455, 455, 0]
    assert violated(0, 100, 366).restricted_until(366) == 0


def test_a_fourth_violation_restricts_again():
    assert violated(0, 10, 20, 300).restricted_until(300) == 390


trades = st.lists(st.tuples(st.sampled_from("AB"), st.booleans(), st.integers(1, 50), st.integers(0, 3)), max_size=30)


@given(trades)
def test_money_that_has_not_settled_is_never_more_than_the_sales_that_have_not_and_none_of_it_is_spent_twice(program):
    money, cash, held, today, waiting = GoodFaith(), 1_000, {"A": 0, "B": 0}, MONDAY, {}
    for number, (symbol, buys, amount, later) in enumerate(program):
        today += later
        while (EPOCH + timedelta(today)).weekday() >= 5:
            today += 1
        settled(money, today)
        waiting = {day: brought for day, brought in waiting.items() if day == today}
        if buys and amount <= cash:
            money.bought(symbol, amount, amount, cash)
            cash, held[symbol] = cash - amount, held[symbol] + amount
        elif not buys and held[symbol]:
            sold = min(amount, held[symbol])
            money.sold(symbol, sold, sold, today, str(number))
            cash, held[symbol] = cash + sold, held[symbol] - sold
            waiting[today] = waiting.get(today, 0) + sold
        assert 0 <= money.unsettled() <= min(sum(waiting.values()), cash)


@given(trades)
def test_who_holds_everything_until_the_next_week_never_breaks_good_faith(program):
    money, cash, held, today = GoodFaith(), 1_000, {"A": 0, "B": 0}, MONDAY
    for number, (symbol, buys, amount, _) in enumerate(program):
        today += 7
        settled(money, today)
        if buys and amount <= cash:
            money.bought(symbol, amount, amount, cash)
            cash, held[symbol] = cash - amount, held[symbol] + amount
        elif held[symbol]:
            assert not money.sold(symbol, held[symbol], held[symbol], today, str(number))
            cash, held[symbol] = cash + held[symbol], 0
