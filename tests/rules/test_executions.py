"""Each execution is booked once, whatever pictures of an order come, and in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.order import OrderSide, OrderStatus, OrderType, TimeInForce
from framework.domain.values import MICRO, notional, rounded_quotient
from framework.domain.venue_order import Execution, VenueOrder
from framework.rules.executions import Known, Lot, after, bookings

SHOWN = VenueOrder(
    "v1", "ref", "AAPL", OrderSide.BUY, 100 * MICRO, OrderType.LIMIT, 50 * MICRO, None, None, None, TimeInForce.GTC,
    OrderStatus.ACCEPTED, "confirmed", 0, None, (), 1, 1,
)  # fmt: skip


def execution(number, quantity, price=50 * MICRO, fees=0):
    return Execution(f"e{number}", quantity, price, number, fees)


def shown(executions, cumulative=None, updated_at=1):
    total = sum(one.quantity_micros for one in executions)
    value = sum(one.value_micros for one in executions)
    average = rounded_quotient(value * MICRO, total) if total else None
    return replace(
        SHOWN,
        executions=tuple(executions),
        cumulative_micros=total if cumulative is None else cumulative,
        average_micros=average,
        updated_at=updated_at,
    )


@dataclass
class Books:
    """A ledger that believes the rule."""

    known: Known = field(default_factory=lambda: Known({}))
    corrected: int = 0

    def look(self, picture, is_overdue=False):
        found = bookings(self.known, picture, is_overdue=is_overdue)
        assert not found.busted
        self.corrected += sum(match.excess_micros for match in found.matches)
        before = self.known.booked_micros
        self.known = after(self.known, found.seen, found.synthetic, (), picture.cumulative_micros, picture.updated_at)
        new = [*found.booked, *([found.synthetic] if found.synthetic else [])]
        assert self.known.booked_micros == before + sum(one.quantity_micros for one in new)
        return found


EXECUTIONS = st.lists(st.tuples(st.integers(1, 5 * MICRO), st.integers(10 * MICRO, 90 * MICRO)), min_size=1, max_size=5).map(
    lambda rows: [execution(number, quantity, price) for number, (quantity, price) in enumerate(rows)]
)


@st.composite
def histories(draw):
    """Executions of an order and pictures of it: any prefix of them, with a list that may lag, in any order, some repeated."""
    executions = draw(EXECUTIONS)
    pictures = []
    for _ in range(draw(st.integers(1, 8))):
        reached = draw(st.integers(0, len(executions)))
        listed = draw(st.integers(0, reached))
        whole = shown(executions[:reached], updated_at=reached)
        pictures.append((replace(whole, executions=whole.executions[:listed]), draw(st.booleans())))
    return executions, draw(st.permutations(pictures))


@given(histories())
def test_whatever_pictures_came_before_a_whole_one_makes_the_books_exact(history):
    executions, pictures = history
    books = Books()
    for picture, overdue in pictures:
        books.look(picture, overdue)
    books.look(shown(executions, updated_at=99), is_overdue=True)
    assert books.known.booked_micros == sum(one.quantity_micros for one in executions)
    assert set(books.known.executions) == {one.execution_id for one in executions}
    assert not books.known.unmatched
    exact = sum(one.value_micros for one in executions)
    # Parts of a share are rounded when an execution is matched in two pieces, each to a micro-dollar.
    assert abs(books.known.value_micros + books.corrected - exact) <= 2 * len(pictures)
    assert books.look(shown(executions, updated_at=100), is_overdue=True)[:3] == ((), None, ())


@given(EXECUTIONS, st.data())
def test_pictures_with_lists_that_do_not_lag_come_to_the_same_in_any_order(executions, data):
    pictures = [shown(executions[:reached], updated_at=reached) for reached in range(len(executions) + 1)]
    order = data.draw(st.permutations(pictures + pictures))
    books = Books()
    for picture in order:
        books.look(picture, is_overdue=data.draw(st.booleans()))
    assert books.known.executions == {one.execution_id: one for one in executions}
    assert books.known.value_micros == sum(one.value_micros for one in executions)
    assert books.corrected == 0


def test_shares_without_executions_wait_until_they_are_overdue():
    late = replace(shown([execution(1, 10 * MICRO)]), executions=())
    assert bookings(Known({}), late) == ((), None, (), (), ())
    found = bookings(Known({}), late, is_overdue=True)
    assert found.synthetic == Execution("v1:0-10000000", 10 * MICRO, 50 * MICRO, 1)


def test_shares_without_executions_and_without_a_price_wait_on():
    assert bookings(Known({}), replace(SHOWN, cumulative_micros=MICRO), is_overdue=True).synthetic is None


def test_the_price_of_shares_without_executions_makes_the_average_true():
    first = execution(1, 10 * MICRO, 40 * MICRO)
    known = Known({"e1": first}, (), 10 * MICRO, first.value_micros)
    picture = replace(SHOWN, cumulative_micros=30 * MICRO, average_micros=50 * MICRO, executions=(first,))
    found = bookings(known, picture, is_overdue=True).synthetic
    assert found is not None
    assert (found.quantity_micros, found.price_micros) == (20 * MICRO, 55 * MICRO)


def test_an_execution_that_comes_later_is_matched_and_its_price_corrected():
    known = Known({}, (Lot(10 * MICRO, 50 * MICRO),), 10 * MICRO, 500 * MICRO, 10 * MICRO, 1)
    found = bookings(known, shown([execution(1, 12 * MICRO, 51 * MICRO)], updated_at=2))
    assert [(one.execution_id, one.quantity_micros) for one in found.booked] == [("e1", 2 * MICRO)]
    assert found.matches == (("e1", 10 * MICRO, 10 * MICRO),)


def test_an_execution_taken_back_in_a_newer_picture_is_told():
    first, second = execution(1, 10 * MICRO), execution(2, 5 * MICRO)
    known = Known({"e1": first, "e2": second}, (), 15 * MICRO, 750 * MICRO, 15 * MICRO, 5)
    assert bookings(known, shown([first], updated_at=6)).busted == (second,)
    assert bookings(known, shown([first], updated_at=5)).busted == ()  # an old picture
    assert bookings(known, shown([first], cumulative=15 * MICRO, updated_at=6)).busted == ()  # a list that lags
    less = after(known, (), None, ("e2",), 10 * MICRO, 6)
    assert (less.booked_micros, less.value_micros, less.cumulative_micros) == (10 * MICRO, 500 * MICRO, 10 * MICRO)
    assert bookings(less, shown([first], updated_at=7)).busted == ()
    assert bookings(less, shown([first, second], updated_at=5)).booked == ()  # an old picture does not bring it back


def test_fees_are_booked_with_their_execution():
    assert bookings(Known({}), shown([execution(1, MICRO, fees=7)])).booked[0].fees_micros == 7


def test_value_is_of_the_shares_at_their_price():
    assert execution(1, 3 * MICRO, 2 * MICRO).value_micros == notional(3 * MICRO, 2 * MICRO) == 6 * MICRO
