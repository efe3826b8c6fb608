"""One way to Robinhood for the whole process, whichever session a request is made with."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests import Session
from requests.adapters import BaseAdapter

from framework.errors import SafetyError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

    from brokers.robinhood.transport import Transport


class _Nowhere(BaseAdapter):
    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        raise SafetyError(f"{request.method} {urlsplit(request.url or '').hostname}: this session talks to Robinhood over https only")

    def close(self) -> None:
        """Nothing is open."""


class Fence:
    """While it stands, every ``requests`` session of the process reaches Robinhood through one transport, or not at all.

    robin_stocks' own session is only one of them: a module that is loaded anew makes another.

    Args:
        transport: The way.
        credential: Whose it is; a process has one.
    """

    def __init__(self, transport: Transport, credential: str) -> None:
        self.transport, self.credential = transport, credential

    def raise_(self) -> None:
        """Put it up.

        Raises:
            SafetyError: One stands already: a process trades under one credential.
        """
        standing = standing_fence()
        if standing is not None:
            same = "this credential already" if standing.credential == self.credential else "another credential"
            raise SafetyError(f"this process talks to Robinhood under {same}; use a process of its own for each")
        before = Session.get_adapter

        def get_adapter(session: Session, url: str) -> BaseAdapter:
            host = (urlsplit(url).hostname or "").lower().rstrip(".")
            if host == "robinhood.com" or host.endswith(".robinhood.com"):
                return self.transport if urlsplit(url).scheme.lower() == "https" else _Nowhere()
            return before(session, url)

        get_adapter.fence = self  # type: ignore[attr-defined]
        get_adapter.before = before  # type: ignore[attr-defined]
        Session.get_adapter = get_adapter  # type: ignore[assignment,method-assign]

    def lower(self) -> None:
        """Take it down; requests of any session then go where they say, so this is for the end of a process and for tests."""
        if standing_fence() is self:
            Session.get_adapter = Session.get_adapter.before  # type: ignore[attr-defined,method-assign]
        self.transport.close()


def standing_fence() -> Fence | None:
    """The fence that stands in this process."""
    return getattr(Session.get_adapter, "fence", None)
