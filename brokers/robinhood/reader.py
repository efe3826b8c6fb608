"""Reads: asked again where an answer was lost, and once more after the session was renewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokers.robinhood.pages import Rows, all_rows
from brokers.robinhood.replies import Reply, read_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from brokers.robinhood.session import Session
    from brokers.robinhood.wire import Wire
    from framework.domain.request import Priority
    from framework.engine.network import Retry

#: Seconds for all attempts of one read together.
PATIENCE = 30.0


class Reader:
    """Reads addresses.

    Args:
        wire: To the venue.
        session: Whose token the requests carry.
        retry: Asks again.
    """

    def __init__(self, wire: Wire, session: Session, retry: Retry) -> None:
        self._wire, self._session, self._retry = wire, session, retry

    def read(self, path: str, query: Mapping[str, str], priority: Priority) -> Reply:
        """What is at ``path``, the last answer where none is good."""

        def ask() -> Reply:
            return self._wire.get(path, query, priority, PATIENCE)

        asked_with = self._session.generation
        reply = self._retry(ask, read_kind, PATIENCE)
        if reply.status == 401 and self._session.renew(asked_with):
            reply = self._retry(ask, read_kind, PATIENCE)
        return reply

    def rows(self, path: str, query: Mapping[str, str], priority: Priority) -> Rows:
        """The rows of all pages at ``path``."""
        pages: list[str] = []

        def page(address: str) -> Reply:
            pages.append(address)
            return self.read(address, query if len(pages) == 1 else {}, priority)

        return all_rows(page, path)
