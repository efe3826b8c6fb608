"""What the engine has been told, from the tape: for whoever brings an engine back, or proves what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.runtime.orders import events
from framework.runtime.orders.books import OrderBooks
from framework.runtime.orders.fold import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framework.domain.account_event import TradeCorrection
    from framework.domain.order import OrderUpdate
    from framework.runtime.orders.recorder import EventStore


class Told(NamedTuple):
    """One thing the engine was told, with its place on the tape."""

    sequence: int
    news: OrderUpdate | TradeCorrection


def told(store: EventStore) -> Iterator[Told]:
    """Everything, in the order it was told. It may begin with orders that ended long ago: all is folded from the first event."""
    books = OrderBooks()
    for event in store.events(kinds=events.ALL):
        heard = fold(books, event.timestamp, event.kind, event.payload)
        if heard is not None:
            yield Told(event.sequence, heard)
