"""Lead a ``requests`` session to the double: addresses stay Robinhood's, bytes go to loopback, and nothing goes anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from requests.adapters import BaseAdapter, HTTPAdapter

from framework.errors import SafetyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest, Response, Session


class Sent(NamedTuple):
    """A request as the client asked for it; ``timeout`` is seconds, a pair of them, or ``None`` for ever."""

    method: str
    url: str
    timeout: Any
    body: str
    headers: dict[str, str]


HOSTS = ("api", "bonfire", "nummus", "phoenix", "minerva")


class LoopbackAdapter(HTTPAdapter):
    """Sends what is addressed to Robinhood to ``url``, which must be on loopback.

    Attributes:
        sent: Every request, oldest first. It holds what was said, passwords too: for tests only.
    """

    def __init__(self, url: str) -> None:
        if urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise SafetyError(f"a double at {url!r}: only an address of this machine is one")
        super().__init__()
        self._place = urlsplit(url)
        self.sent: list[Sent] = []

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the signature of requests
        timeout: Any = None,  # noqa: ANN401 - the same
        verify: bool | str = True,  # noqa: FBT001, FBT002 - the same
        cert: Any = None,  # noqa: ANN401 - the same
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a copy to the double; the answer looks as if it came from where the original was sent."""
        del proxies
        asked = urlsplit(request.url or "")
        copy = request.copy()
        copy.url = asked._replace(scheme=self._place.scheme, netloc=self._place.netloc).geturl()
        copy.headers["Host"] = asked.netloc
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        self.sent.append(Sent(request.method or "", request.url or "", timeout, body, dict(request.headers)))
        answer = super().send(copy, stream, timeout, verify, cert, {})
        answer.url, answer.request = request.url or "", request
        return answer


class NoNetwork(BaseAdapter):
    """Refuses every request: a test that would reach the real world fails."""

    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        """Never."""
        raise SafetyError(f"{request.method} {request.url}: a session led to the double goes nowhere else")

    def close(self) -> None:
        """Nothing is open."""


def redirect(session: Session, url: str) -> LoopbackAdapter:
    """Lead ``session`` to the double at ``url``, past proxies and settings of the environment; every other host is refused.

    ``redirect(robin_stocks.robinhood.globals.SESSION, double.url)`` leads the unmodified client there.
    """
    adapter = LoopbackAdapter(url)
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, NoNetwork())
    for host in HOSTS:
        session.mount(f"https://{host}.robinhood.com", adapter)
    return adapter
