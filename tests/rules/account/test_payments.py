"""Money that has come in is what was announced, to the cent, or it is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from framework.rules.account.payments import CENT, Expected, explained_by
from framework.rules.account.splits import fraction_paid

AMOUNTS = st.lists(st.integers(1_000_000, 10**10), min_size=1, max_size=5)


def expected(amounts):
    return [Expected(str(number), amount) for number, amount in enumerate(amounts)]


@given(AMOUNTS, st.data())
def test_what_was_announced_explains_itself_alone_and_together(amounts, data):
    some = data.draw(st.lists(st.sampled_from(range(len(amounts))), unique=True, min_size=1))
    cents = data.draw(st.integers(-CENT * len(some), CENT * len(some)))
    came = sum(amounts[one] for one in some) + cents
    found = explained_by(came, expected(amounts), 0)
    assert found
    assert len(found) <= len(some)
    assert abs(came - sum(one.amount_micros for one in found)) <= CENT * len(found)


@given(st.integers(1_000_000, 10**10), st.integers(2 * CENT, 10**10), st.sampled_from([-1, 1]))
def test_another_amount_is_explained_by_nothing(amount, off, sign):
    assert explained_by(amount + sign * off, expected([amount]), 0) == ()


def test_the_fewest_payments_that_fit_are_taken():
    assert [one.key for one in explained_by(30_000_000, expected([10_000_000, 20_000_000, 30_000_000]), 0)] == ["2"]


def test_an_estimate_may_be_a_quarter_off_and_two_of_them_explain_nothing_together():
    about = Expected("A", 100_000_000, is_estimate=True)
    assert explained_by(80_000_000, [about], 0) == (about,)
    assert explained_by(60_000_000, [about], 0) == ()
    assert explained_by(200_000_000, [about, about._replace(key="B")], 0) == ()


@given(st.integers(1, 10**12), st.integers(1, 50), st.integers(1, 50))
def test_a_venue_keeps_parts_of_a_share_or_pays_for_them(before, new, old):
    whole = before * new // old
    assert fraction_paid(before, whole, new, old) == 0
    shares = whole // 1_000_000 * 1_000_000
    assert fraction_paid(before, shares, new, old) == whole - shares
    assert fraction_paid(before, whole + 1, new, old) is None
