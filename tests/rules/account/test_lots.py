"""Tax lots and wash sales: the examples of IRS Publication 550, and what holds whatever is traded."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.account.lots import TaxLots


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()


def reported(closings) -> list[tuple[int, int, int]]:
    """(quantity, gain as reported, disallowed) of every closing."""
    return [(one.quantity, one.gain, one.disallowed) for one in closings]


def test_a_loss_is_deferred_into_what_was_bought_back():
    """Publication 550, "Wash Sales", first example: 100 shares bought for 1,000, sold for 750, bought again for 800 within 30 days."""
    lots = TaxLots()
    lots.open("1", 1, day("2023-01-03"), 100, 1_000)
    closings = lots.close(day("2023-06-01"), 100, 750)
    assert reported(closings) == [(100, -250, 0)]
    lots.open("2", 1, day("2023-06-20"), 100, 800)
    assert reported(closings) == [(100, 0, 250)]
    assert [(lot.quantity, lot.basis) for lot in lots.lots] == [(100, 1_050)]


def test_fewer_shares_bought_before_than_sold_defer_their_part_of_the_loss():
    """Publication 550, "More or less stock bought than sold": 75 of 100 shares were replaced, in two purchases."""
    lots = TaxLots()
    lots.open("1", 1, day("2023-09-25"), 100, 5_000)
    lots.open("2", 1, day("2023-12-21"), 50, 2_750)
    lots.open("3", 1, day("2023-12-28"), 25, 1_125)
    closings = lots.close(day("2024-01-05"), 100, 4_000)
    assert reported(closings) == [(100, -250, 750)]
    assert [(lot.quantity, lot.basis) for lot in lots.lots] == [(50, 3_250), (25, 1_375)]


def test_a_wash_sale_takes_nothing_from_gains_of_the_same_day():
    """Publication 550, "Loss and gain on same day": blocks at 158, 100 and 95, 300 shares sold at 125, 250 bought two weeks later."""
    lots = TaxLots()
    for number, price in enumerate((158, 100, 95)):
        lots.open(str(number), 1, day("2023-02-01") + 40 * number, 100, 100 * price)
    closings = lots.close(day("2023-12-23"), 300, 300 * 125)
    lots.open("back", 1, day("2024-01-06"), 250, 250 * 120)
    assert reported(closings) == [(100, 0, 3_300), (100, 2_500, 0), (100, 3_000, 0)]
    assert [(lot.quantity, lot.basis) for lot in lots.lots] == [(100, 15_300), (150, 18_000)]


@pytest.mark.parametrize(("after", "disallowed"), [(0, 250), (30, 250), (31, 0)])
def test_the_window_is_thirty_days_after_the_sale(after, disallowed):
    lots = TaxLots()
    lots.open("1", 1, 0, 100, 1_000)
    (closing,) = lots.close(100, 100, 750)
    lots.open("2", 1, 100 + after, 100, 800)
    assert closing.disallowed == disallowed


@pytest.mark.parametrize(("before", "disallowed"), [(0, 250), (30, 250), (31, 0)])
def test_and_thirty_days_before_it(before, disallowed):
    lots = TaxLots()
    lots.open("1", 1, 0, 100, 1_000)
    lots.open("2", 1, 100 - before, 100, 800)
    (closing,) = lots.close(100, 100, 750)
    assert closing.disallowed == disallowed


def test_the_rest_of_the_purchase_that_was_sold_is_no_replacement():
    """Revenue Ruling 56-602. The two fills of an order are one purchase."""
    lots = TaxLots()
    lots.open("1", 1, 0, 100, 1_000)
    lots.open("1", 1, 1, 100, 1_000)
    assert reported(lots.close(10, 100, 750)) == [(100, -250, 0)]


def test_shares_replace_a_loss_once():
    lots = TaxLots()
    lots.open("1", 1, 0, 100, 1_000)
    lots.open("2", 1, 1, 100, 1_000)
    lots.open("3", 1, 90, 100, 800)
    first, second = lots.close(100, 100, 700), lots.close(101, 100, 700)
    assert reported(first + second) == [(100, 0, 300), (100, -300, 0)]
    lots.open("4", 1, 102, 100, 700)
    assert reported(first + second) == [(100, 0, 300), (100, 0, 300)]


def test_the_earliest_loss_is_matched_first():
    lots = TaxLots()
    lots.open("1", 1, 0, 200, 2_000)
    first, second = lots.close(100, 100, 900), lots.close(110, 100, 800)
    lots.open("2", 1, 115, 100, 500)
    assert reported(first + second) == [(100, 0, 100), (100, -200, 0)]


def test_a_deferred_loss_comes_out_with_the_shares_that_took_it():
    lots = TaxLots()
    lots.open("1", 1, 0, 100, 1_000)
    lots.close(100, 100, 750)
    lots.open("2", 1, 110, 100, 800)
    assert reported(lots.close(200, 100, 900)) == [(100, -150, 0)]


def test_a_short_sold_again_within_thirty_days_defers_its_loss():
    """Sold at 10, covered at 12, sold again at 11: the loss of 200 lowers what the second sale brought."""
    lots = TaxLots()
    lots.open("1", -1, 0, 100, -1_000)
    (closing,) = lots.close(50, 100, -1_200)
    lots.open("2", -1, 60, 100, -1_100)
    assert reported([closing]) == [(100, 0, 200)]
    assert lots.lots[0].basis == -900
    assert reported(lots.close(200, 100, -800)) == [(100, 100, 0)]


def test_a_short_sale_replaces_no_loss_of_shares_held():
    lots = TaxLots()
    lots.open("1", 1, 0, 100, 1_000)
    (closing,) = lots.close(50, 100, 750)
    lots.open("2", -1, 60, 100, -800)
    lots.close(61, 100, -800)
    assert reported([closing]) == [(100, -250, 0)]
    lots.open("3", 1, 70, 100, 800)
    assert reported([closing]) == [(100, 0, 250)]


def test_lots_leave_first_in_first_out_with_their_own_basis():
    lots = TaxLots()
    lots.open("1", 1, 0, 10, 100)
    lots.open("2", 1, 50, 10, 200)
    closings = lots.close(100, 15, 450)
    assert [(one.opened, one.closed, one.quantity, one.proceeds, one.basis) for one in closings] == [
        (0, 100, 10, 300, 100),
        (50, 100, 5, 150, 100),
    ]


def test_a_split_changes_shares_and_no_basis():
    lots = TaxLots()
    lots.open("1", 1, 0, 3, 100)
    lots.open("2", 1, 1, 4, 200)
    lots.split(3, 2)
    # Ten and a half, rounded down together: 4, and 6 up to 10.
    assert [(lot.quantity, lot.basis) for lot in lots.lots] == [(4, 100), (6, 200)]


def test_a_loss_before_a_split_is_replaced_by_as_many_new_shares():
    lots = TaxLots()
    lots.open("1", 1, 0, 100, 1_000)
    (closing,) = lots.close(100, 100, 750)
    lots.split(2, 1)
    lots.open("2", 1, 110, 100, 400)
    assert closing.disallowed == 125


def test_a_fraction_paid_in_cash_leaves_from_the_oldest_lot():
    lots = TaxLots()
    lots.open("1", 1, 0, 101, 1_010)
    lots.split(3, 2)  # 151
    assert [(one.quantity, one.proceeds, one.basis) for one in lots.pay_out(10, 150, 9)] == [(1, 9, 7)]
    assert lots.quantity == 150


def test_cash_for_less_than_a_micro_share_is_all_gain():
    lots = TaxLots()
    lots.open("1", 1, 0, 100, 1_000)
    assert reported(lots.pay_out(10, 100, 3)) == [(0, 3, 0)]


# --- whatever is traded

steps = st.one_of(
    st.tuples(st.just("open"), st.integers(0, 25), st.integers(1, 10**7), st.integers(1, 10**10)),
    st.tuples(st.just("close"), st.integers(0, 25), st.integers(1, 10**7), st.integers(1, 10**10)),
    st.tuples(st.just("split"), st.just(0), st.integers(1, 7), st.integers(1, 7)),
)
signs = st.sampled_from([1, -1])


def played(program, sign):
    """The lots after a program and what left them, with (what was paid in, what was received) by hand."""
    lots, closings, now, paid, received = TaxLots(), [], 0, 0, 0
    for number, (kind, later, first, second) in enumerate(program):
        now += later
        if kind == "open":
            lots.open(str(number), sign, now, first, sign * second)
            paid += sign * second
        elif kind == "split":
            lots.split(first, second)
        elif lots.quantity:
            quantity = min(first, lots.quantity)
            closings += lots.close(now, quantity, sign * second)
            received += sign * second
    return lots, closings, paid, received


@given(st.lists(steps, max_size=25), signs)
def test_gains_reported_and_basis_still_open_account_for_every_dollar(program, sign):
    lots, closings, paid, received = played(program, sign)
    if lots.quantity == 0 and lots.lots:
        return  # a split has left lots without a micro-share
    open_basis = sum(lot.basis for lot in lots.lots)
    assert sum(one.gain for one in closings) + paid == received + open_basis
    assert sum(one.proceeds for one in closings) == received


@given(st.lists(steps, max_size=25), signs)
def test_lots_leave_in_the_order_they_came_and_a_wash_sale_takes_losses_only(program, sign):
    lots, closings, _, _ = played(program, sign)
    assert all(first.opened <= second.opened for first, second in pairwise(closings))
    assert all(first.opened <= second.opened for first, second in pairwise(lots.lots))
    for one in closings:
        assert 0 <= one.disallowed <= max(one.basis - one.proceeds, 0)


@given(st.lists(steps.filter(lambda step: step[0] != "split"), max_size=25), signs)
def test_shares_are_conserved(program, sign):
    lots, closings, _, _ = played(program, sign)
    bought = sum(first for kind, _, first, _ in program if kind == "open")
    assert lots.quantity + sum(one.quantity for one in closings) == bought


@given(st.lists(steps, max_size=15), st.integers(1, 50), st.integers(1, 50))
def test_a_split_preserves_the_total_to_the_micro_share_below(program, new, old):
    lots, *_ = played(program, 1)
    before, basis = lots.quantity, sum(lot.basis for lot in lots.lots)
    lots.split(new, old)
    assert lots.quantity == before * new // old
    assert sum(lot.basis for lot in lots.lots) == basis


@given(st.lists(steps, max_size=25), signs)
def test_without_a_purchase_in_sixty_one_days_nothing_is_disallowed(program, sign):
    far = [(kind, later + 31, first, second) for kind, later, first, second in program]
    _, closings, _, _ = played(far, sign)
    assert not any(one.disallowed for one in closings)
