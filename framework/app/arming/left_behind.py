"""What the last live run of an account says is still its own: a run that is begun anew does not look after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.app.arming.promotion import header_of
from framework.app.folders.run_folders import RUNS
from framework.app.folders.tape_place import folders_with_tapes, tape_of
from framework.domain.values import from_micros
from framework.runtime.orders import events
from framework.runtime.orders.books import OrderBooks
from framework.runtime.orders.fold import fold
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from pathlib import Path


class _Left(NamedTuple):
    """When a run was heard of last, ns UTC, and what it has, in words."""

    last: int
    what: str


def left_behind(account: str) -> str:
    """What the last live run below runs/ of ``account`` (its hash) holds and has at the venue, in words; empty where that is nothing."""
    live = [folder for folder in folders_with_tapes(RUNS) if _is_of(header_of(tape_of(folder)), account)]
    return max((_left_in(folder) for folder in live), default=_Left(0, "")).what


def _is_of(told: dict[str, object], account: str) -> bool:
    return (told.get("mode"), told.get("account")) == ("live", account)


def _left_in(folder: Path) -> _Left:
    books, last = OrderBooks(), 0
    with TapeStore.attach(tape_of(folder)) as store:
        for event in store.events(kinds=events.ALL):
            last = event.timestamp
            fold(books, event.timestamp, event.kind, event.payload)
    held = [f"{from_micros(shares)} {symbol}" for symbol, shares in sorted(books.shares.items())]
    left = [*held, *(f"the order {tracked.order.order_id}" for tracked in books.working())]
    return _Left(last, f"{folder} still has {', '.join(left)}: go on with --resume {folder}" if left else "")
