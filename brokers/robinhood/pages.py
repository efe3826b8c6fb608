"""Listings page by page: all of it, or the reason why not. Half a listing is never taken for a whole one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from brokers.robinhood.wire import API

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from brokers.robinhood.replies import Reply

MOST_PAGES = 1_000


class Rows(NamedTuple):
    """The rows of all pages that were read; ``reason`` is empty when that is all of them."""

    rows: tuple[Mapping[str, Any], ...]
    reason: str = ""


def all_rows(get: Callable[[str], Reply], first: str) -> Rows:
    """Follow ``first`` to the last page; addresses of ours start with a slash, those of the venue are whole."""
    rows: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    address: str | None = first
    while address is not None:
        if address in seen or len(seen) >= MOST_PAGES:
            return Rows(tuple(rows), f"page {len(seen) + 1} leads back to one that was read, or there is no end to them")
        seen.add(address)
        reply = get(address)
        found = reply.fields.get("results", ())
        if not (reply.is_good and isinstance(found, list) and all(isinstance(row, dict) for row in found) and "next" in reply.fields):
            return Rows(tuple(rows), f"page {len(seen)}: {reply.reason or 'no page of a listing'}")
        rows += found
        address = reply.fields["next"]
        if not _is_next(address, first):
            return Rows(tuple(rows), f"page {len(seen)} leads to another place")
    return Rows(tuple(rows))


def _is_next(address: object, first: str) -> bool:
    """The next page is at the same place, with another query."""
    if address is None:
        return True
    if not isinstance(address, str):
        return False
    here, there = urlsplit(first if first.startswith("https://") else API + first), urlsplit(address)
    return (here.scheme, here.netloc, here.path) == (there.scheme, there.netloc, there.path)
