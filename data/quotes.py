"""Quotes that are kept for a minute, so that whoever only looks does not ask the broker again; orders ask anew."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.market import Quote

TTL_NS = 60 * 10**9


class _Kept(NamedTuple):
    quote: Quote
    at: int


class QuoteCache:
    """Quotes by symbol, as old as ``ttl`` (ns) at most.

    ``fetch(symbol)`` asks the source and may raise; ``clock()`` is the time, ns, which may be any that never runs backwards. Threads may
    share it.
    """

    def __init__(self, fetch: Callable[[str], Quote], clock: Callable[[], int], ttl: int = TTL_NS) -> None:
        self._fetch, self._clock, self._ttl = fetch, clock, ttl
        self._kept: dict[str, _Kept] = {}
        self._lock = Lock()

    def get(self, symbol: str) -> Quote:
        """The quote of ``symbol``: the one that is kept while it is younger than the time to live, else a new one."""
        with self._lock:
            kept = self._kept.get(symbol)
            if kept is not None and 0 <= self._clock() - kept.at < self._ttl:
                return kept.quote
        return self.fresh(symbol)

    def fresh(self, symbol: str) -> Quote:
        """A new quote of ``symbol``, asked for now: for orders. It is kept for those who only look."""
        asked = self._clock()  # before the answer: a quote is as old as its question
        quote = self._fetch(symbol)
        with self._lock:
            self._kept[symbol] = _Kept(quote, asked)
        return quote

    def forget(self, symbol: str | None = None) -> None:
        """Throw away the quote of ``symbol``, or all."""
        with self._lock:
            if symbol is None:
                self._kept.clear()
            else:
                self._kept.pop(symbol, None)
