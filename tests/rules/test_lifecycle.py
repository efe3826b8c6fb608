"""The life of an order: every step of the table, and nothing beside it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from framework.domain.order import OrderSide, OrderStatus, OrderTerms, StateChange
from framework.domain.order_update import OrderUpdate
from framework.domain.values import MICRO, notional
from framework.errors import InvalidTransitionError, InvariantError
from framework.rules.lifecycle import TRANSITIONS, after_our_step, apply, change, status_after_fill
from tests.rules.made import fill_of, order_of, state_of

if TYPE_CHECKING:
    from framework.domain.fill import Fill

#: From the words of the design: what each state may become.
LIFE = {
    "initialized": "denied emulated submitted",
    "denied": "",
    "emulated": "emulated submitted partially_filled filled pending_cancel canceled expired",  # a fill before we took it back is late
    "submitted": "accepted rejected partially_filled filled pending_cancel canceled expired unknown",
    "accepted": "emulated partially_filled filled pending_cancel canceled expired rejected",
    "rejected": "rejected partially_filled filled",  # the venue had taken it all the same
    "partially_filled": "emulated partially_filled filled pending_cancel canceled expired",
    "filled": "",
    "pending_cancel": "pending_cancel canceled partially_filled filled expired accepted rejected unknown",
    "canceled": "canceled partially_filled filled",  # a fill before the cancel, reported after it
    "expired": "expired partially_filled filled",  # the same
    "unknown": "accepted rejected partially_filled filled canceled expired",
}
PAIRS = list(itertools.product(OrderStatus, repeat=2))
NO_LATE_FILLS = {OrderStatus.DENIED, OrderStatus.FILLED}
WITH_LATE_FILLS = {OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED}


def possible(before: OrderStatus, after: OrderStatus) -> bool:
    return str(after) in LIFE[before].split()


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_an_order_changes_exactly_as_the_table_says(before, after):
    order = order_of(status=before)
    if possible(before, after):
        change(order, after, 5, "because")
        assert (order.status, order.changes) == (after, [StateChange(5, after, "because")])
        return
    with pytest.raises(InvalidTransitionError, match=f"order-1: {before} -> {after} is not possible \\(because\\)"):
        change(order, after, 5, "because")
    with pytest.raises(InvalidTransitionError, match="no reason given"):
        change(order, after, 5)
    assert state_of(order) == (before, 0, 0, 0, [])


def test_every_status_has_a_row():
    assert set(TRANSITIONS) == set(OrderStatus)


@pytest.mark.parametrize("before", sorted(NO_LATE_FILLS))
@pytest.mark.parametrize("after", OrderStatus)
def test_a_fill_for_an_order_that_never_can_fill_changes_nothing(before, after):
    order = order_of(status=before, filled_micros=10 * MICRO if before is OrderStatus.FILLED else 0)
    untouched = state_of(order)
    with pytest.raises(InvalidTransitionError):
        apply(order, OrderUpdate("order-1", 5, after, "late", fill_of(order, MICRO, 10)))
    assert state_of(order) == untouched


@pytest.mark.parametrize("status", [OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED, OrderStatus.CANCELED])
@pytest.mark.parametrize(("filled", "quantity"), [(0, 0), (0, -1), (0, 10 * MICRO + 1), (4 * MICRO, 6 * MICRO + 1), (4 * MICRO, -MICRO)])
def test_a_fill_that_is_empty_or_too_large_changes_nothing(status, filled, quantity):
    order = order_of(status=OrderStatus.PARTIALLY_FILLED, filled_micros=filled)
    with pytest.raises(InvariantError, match="overfilled or is empty"):
        apply(order, OrderUpdate("order-1", 5, status, "", fill_of(order, quantity, 10)))
    assert state_of(order) == (OrderStatus.PARTIALLY_FILLED, filled, 0, 0, [])


@pytest.mark.parametrize("wrong", [{"order_id": "order-2"}, {"symbol": "MSFT"}, {"side": OrderSide.SELL}])
def test_a_fill_of_another_order_changes_nothing(wrong):
    order = order_of(status=OrderStatus.ACCEPTED)
    fill = replace(fill_of(order, 10 * MICRO, 10), **wrong)
    with pytest.raises(InvariantError, match="does not belong to order order-1"):
        apply(order, OrderUpdate("order-1", 5, OrderStatus.FILLED, "", fill))
    assert state_of(order) == (OrderStatus.ACCEPTED, 0, 0, 0, [])


@pytest.mark.parametrize(
    ("status", "quantity"),
    [("filled", 0), ("filled", 9 * MICRO), ("partially_filled", 0), ("partially_filled", 10 * MICRO), ("canceled", 10 * MICRO)],
)
def test_a_status_that_contradicts_the_shares_filled_changes_nothing(status, quantity):
    order = order_of(status=OrderStatus.ACCEPTED)
    fill = fill_of(order, quantity, 10) if quantity else None
    with pytest.raises(InvariantError, match=f"reported as {status} with {quantity // MICRO} of 10 shares filled"):
        apply(order, OrderUpdate("order-1", 5, OrderStatus(status), "", fill))
    assert state_of(order) == (OrderStatus.ACCEPTED, 0, 0, 0, [])


@pytest.mark.parametrize("before", sorted(WITH_LATE_FILLS))
def test_an_ended_order_does_not_revive_without_a_fill(before):
    order = order_of(status=before, filled_micros=4 * MICRO)
    with pytest.raises(InvariantError, match=f"{before} -> partially_filled needs a late fill"):
        apply(order, OrderUpdate("order-1", 5, OrderStatus.PARTIALLY_FILLED))
    assert state_of(order) == (before, 4 * MICRO, 0, 0, [])


@pytest.mark.parametrize("before", sorted(WITH_LATE_FILLS))
def test_a_fill_reported_after_the_end_is_counted(before):
    order = order_of(status=before, filled_micros=4 * MICRO)
    apply(order, OrderUpdate("order-1", 5, OrderStatus.FILLED, "late", fill_of(order, 6 * MICRO, 10_000_000)))
    assert (order.status, order.filled_micros) == ("filled", 10 * MICRO)


def test_fills_add_up():
    order = order_of(status=OrderStatus.ACCEPTED)
    apply(order, OrderUpdate("order-1", 5, OrderStatus.PARTIALLY_FILLED, "", fill_of(order, 4 * MICRO, 10_000_000, fees=3)))
    apply(order, OrderUpdate("order-1", 6, OrderStatus.FILLED, "", fill_of(order, 6 * MICRO, 11_000_000, fees=4)))
    assert (order.status, order.filled_micros, order.filled_value_micros, order.fees_micros) == ("filled", 10 * MICRO, 106_000_000, 7)


def test_a_cancel_may_bring_the_last_fill_with_it():
    order = order_of(status=OrderStatus.PENDING_CANCEL)
    apply(order, OrderUpdate("order-1", 5, OrderStatus.CANCELED, "", fill_of(order, 4 * MICRO, 10_000_000)))
    assert (order.status, order.filled_micros, order.leaves_micros) == ("canceled", 4 * MICRO, 0)


@pytest.mark.parametrize(("quantity", "status"), [(1, "partially_filled"), (3 * MICRO, "partially_filled"), (6 * MICRO, "filled")])
def test_the_last_share_makes_an_order_filled(quantity, status):
    order = order_of(status=OrderStatus.PARTIALLY_FILLED, filled_micros=4 * MICRO)
    assert status_after_fill(order, quantity) == status


class OrderLife(RuleBasedStateMachine):
    """Any reports in any order: what was accepted is consistent, what was refused left no trace."""

    @initialize(quantity=st.integers(1, 5))
    def start(self, quantity: int) -> None:
        self.order = order_of(quantity=quantity)
        self.fills: list[Fill] = []
        self.most_filled = 0

    @rule(
        status=st.sampled_from(OrderStatus),
        shares=st.one_of(st.none(), st.integers(-1, 6)),
        price=st.integers(1, 10**9),
        fees=st.integers(0, 100),
    )
    def hear(self, status: OrderStatus, shares: int | None, price: int, fees: int) -> None:
        fill = None if shares is None else fill_of(self.order, shares, price, fees)
        self.tell(OrderUpdate("order-1", 5, status, "", fill))

    @precondition(lambda self: self.order.filled_micros < self.order.quantity_micros)
    @rule(part=st.floats(0, 1), price=st.integers(1, 10**9))
    def fill_in_good_order(self, part: float, price: int) -> None:
        left = self.order.quantity_micros - self.order.filled_micros
        fill = fill_of(self.order, max(1, round(left * part)), price, 1)
        count, before, status = len(self.fills), self.order.status, status_after_fill(self.order, fill.quantity_micros)
        self.tell(OrderUpdate("order-1", 5, status, "", fill))
        assert len(self.fills) == count + possible(before, status)

    def tell(self, update: OrderUpdate) -> None:
        before = state_of(self.order)
        try:
            apply(self.order, update)
        except InvalidTransitionError:
            assert not possible(before[0], update.status)
            assert state_of(self.order) == before
        except InvariantError:
            assert state_of(self.order) == before
        else:
            assert possible(before[0], update.status)
            assert self.order.changes == [*before[4], StateChange(5, update.status, "")]
            self.fills += [] if update.fill is None else [update.fill]
            self.check_ended(before[0], update)

    def check_ended(self, before: OrderStatus, update: OrderUpdate) -> None:
        assert before not in NO_LATE_FILLS
        if before in WITH_LATE_FILLS:
            assert update.fill is not None

    @invariant()
    def filled_is_the_sum_of_the_fills_and_never_above_the_quantity(self) -> None:
        assert self.order.filled_micros == sum(fill.quantity_micros for fill in self.fills) <= self.order.quantity_micros
        assert self.order.filled_value_micros == sum(notional(fill.quantity_micros, fill.price_micros) for fill in self.fills)
        assert self.order.fees_micros == sum(fill.fees_micros for fill in self.fills)

    @invariant()
    def filled_only_grows(self) -> None:
        assert self.order.filled_micros >= self.most_filled
        self.most_filled = self.order.filled_micros

    @invariant()
    def filled_is_every_share(self) -> None:
        assert (self.order.status is OrderStatus.FILLED) == (self.order.filled_micros == self.order.quantity_micros)


TestOrderLife = OrderLife.TestCase


def test_the_reason_of_a_report_is_kept_and_told():
    order = order_of(status=OrderStatus.SUBMITTED)
    apply(order, OrderUpdate("order-1", 9, OrderStatus.REJECTED, "no funds"))
    assert order.changes == [StateChange(9, OrderStatus.REJECTED, "no funds")]
    with pytest.raises(InvalidTransitionError, match=r"\(late news\)"):
        apply(order, OrderUpdate("order-1", 9, OrderStatus.ACCEPTED, "late news"))


# --- restated by a split

DOUBLED = OrderTerms(20 * MICRO, 8 * MICRO, 5 * MICRO, None, None)


def test_a_restated_order_keeps_its_status_its_money_and_what_was_asked_for():
    order = order_of(status=OrderStatus.PARTIALLY_FILLED, filled_micros=4 * MICRO, filled_value_micros=40, limit_micros=10 * MICRO)
    for terms in (DOUBLED, DOUBLED._replace(quantity_micros=40 * MICRO)):
        apply(order, OrderUpdate("order-1", 5, OrderStatus.PARTIALLY_FILLED, "split 2 for 1", restated=terms))
        assert (order.status, order.terms, order.filled_value_micros) == ("partially_filled", terms, 40)
        assert order.decided == OrderTerms(10 * MICRO, 4 * MICRO, 10 * MICRO, None, None)
    assert order.changes[0] == StateChange(5, OrderStatus.PARTIALLY_FILLED, "split 2 for 1", DOUBLED)


def test_steps_tell_the_terms_of_every_moment():
    order = order_of(limit_micros=10 * MICRO)
    change(order, OrderStatus.SUBMITTED, 1)
    change(order, OrderStatus.ACCEPTED, 2)
    terms = OrderTerms(20 * MICRO, 0, 5 * MICRO, None, None)
    apply(order, OrderUpdate("order-1", 3, OrderStatus.ACCEPTED, "split 2 for 1", restated=terms))
    change(order, OrderStatus.CANCELED, 4)
    before = OrderTerms(10 * MICRO, 0, 10 * MICRO, None, None)
    assert [(step.timestamp, asked) for step, asked in order.steps()] == [(1, before), (2, before), (3, terms), (4, terms)]


@pytest.mark.parametrize("status", [OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.DENIED])
def test_an_order_that_has_ended_is_not_restated(status):
    order = order_of(status=status)
    with pytest.raises(InvalidTransitionError, match="only a working order is restated"):
        apply(order, OrderUpdate("order-1", 5, status, "", restated=OrderTerms(20 * MICRO, 0, None, None, None)))
    assert (order.quantity_micros, order.asked) == (10 * MICRO, None)


def test_a_restatement_brings_no_fill():
    order = order_of(status=OrderStatus.ACCEPTED)
    update = OrderUpdate("order-1", 5, OrderStatus.ACCEPTED, "", fill_of(order, MICRO, 10), OrderTerms(20 * MICRO, 0, None, None, None))
    with pytest.raises(InvalidTransitionError, match="apart from any fill"):
        apply(order, update)


@pytest.mark.parametrize(("filled", "terms"), [(0, (0, 0)), (0, (5, 5)), (0, (5, 1)), (4, (5, 0)), (4, (5, 6)), (4, (5, -1))])
def test_restated_terms_that_contradict_what_has_filled_change_nothing(filled, terms):
    order = order_of(status=OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.ACCEPTED, filled_micros=filled * MICRO)
    with pytest.raises(InvariantError, match="restated as"):
        apply(order, OrderUpdate("order-1", 5, order.status, "", restated=OrderTerms(terms[0] * MICRO, terms[1] * MICRO, None, None, None)))
    assert (order.quantity_micros, order.changes, order.asked) == (10 * MICRO, [], None)


@pytest.mark.parametrize("ours", [OrderStatus.PENDING_CANCEL, OrderStatus.EMULATED])
def test_a_report_that_crossed_our_taking_the_order_back_does_not_undo_it(ours):
    order = order_of(status=ours)
    fill = fill_of(order, MICRO, 10)
    assert after_our_step(order, OrderUpdate("order-1", 5, OrderStatus.ACCEPTED)) is None
    part = after_our_step(order, OrderUpdate("order-1", 5, OrderStatus.PARTIALLY_FILLED, "", fill))
    assert part == OrderUpdate("order-1", 5, ours, "", fill)
    whole = OrderUpdate("order-1", 5, OrderStatus.FILLED, "", fill)
    assert after_our_step(order, whole) is whole


def test_other_reports_are_what_they_are():
    update = OrderUpdate("order-1", 5, OrderStatus.ACCEPTED)
    assert after_our_step(order_of(status=OrderStatus.SUBMITTED), update) is update
