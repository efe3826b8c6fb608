"""May an order go to the venue now? No more shares are promised to buyers than are held, and nothing opens beside what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.domain.order import OrderSide
from framework.domain.values import from_micros
from framework.runtime.orders.books import AT_VENUE, Phase
from framework.runtime.orders.incidents import is_frozen, latch

if TYPE_CHECKING:
    from framework.domain.order import Order
    from framework.domain.venue import Capabilities
    from framework.runtime.orders.books import Leg, OrderBooks, Tracked


class Answer(NamedTuple):
    """Go (``waits`` false, no ``refusal``), wait for others of the symbol to settle, or never."""

    waits: bool = False
    refusal: str = ""


GO = Answer()
WAIT = Answer(waits=True)


def opens(order: Order, books: OrderBooks) -> bool:
    """Whether any of ``order`` opens a position, or adds to one."""
    held = books.shares.get(order.symbol, 0)
    return not order.role.protects and (held * order.side.sign >= 0 or order.leaves_micros > abs(held))


def stopped(order: Order, books: OrderBooks) -> str:
    """Why ``order``, if it opens, may not be sent while what has happened is not over; empty where it may."""
    if not opens(order, books):
        return ""
    effect = latch(books)
    if effect is not None:
        return f"entries are stopped ({effect}): {', '.join(sorted(code for code, _ in books.incidents))}"
    return f"somebody else touched {order.symbol}; acknowledge it first" if is_frozen(books, order.symbol) else ""


def may_send(tracked: Tracked, books: OrderBooks, venue: Capabilities) -> Answer:
    """Whether the last leg of ``tracked``, which is here, may be sent.

    A sale waits until everything that sells the same shares has settled: the stop it takes the place of may still fill while it is being
    canceled. An order that opens does not wait: beside one of its symbol and side that may be at the venue or not, it is refused.
    """
    order = tracked.order
    if any(leg.phase in AT_VENUE for leg in tracked.legs[:-1]):
        return WAIT
    replaced = _replacing(tracked, books)
    if replaced is not GO:
        return replaced
    others = list(books.others(tracked))
    if order.side is OrderSide.SELL and not venue.shorting:
        return _may_sell(order, others, books, venue)
    unknown = next((other for other, leg in others if leg.phase is Phase.UNKNOWN), None)
    if unknown is None or not opens(order, books):
        return GO
    return Answer(refusal=f"it is not known whether the venue has {unknown.order.order_id}")


def _may_sell(order: Order, others: list[tuple[Tracked, Leg]], books: OrderBooks, venue: Capabilities) -> Answer:
    if any(leg.is_unsettled for _, leg in others):
        return WAIT
    free = books.shares.get(order.symbol, 0)
    if venue.reserves_shares:
        free -= sum(leg.leaves_micros for _, leg in others)
    if order.leaves_micros <= free:
        return GO
    left = from_micros(max(free, 0))
    return Answer(refusal=f"it sells {from_micros(order.leaves_micros)} shares, and {left} are held that no other order sells")


def _replacing(tracked: Tracked, books: OrderBooks) -> Answer:
    """An order that takes the place of another waits for its end; if that one has filled meanwhile, it would be too large."""
    if tracked.replaces is None:
        return GO
    order_id, filled = tracked.replaces
    old = books.tracked.get(order_id)
    if old is None or old.order.filled_micros == filled:
        return WAIT if old is not None and order_id in books.open else GO
    more = from_micros(old.order.filled_micros - filled)
    return Answer(refusal=f"{order_id}, which it was to replace, has filled {more} shares meanwhile")
