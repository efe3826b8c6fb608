"""The way of all requests of robin_stocks: the budget, the last door for orders, time-outs, one credential, and a record of each."""

from __future__ import annotations

import io
import json
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from requests import Response
from requests.adapters import HTTPAdapter

from brokers.robinhood.gates import form_of
from brokers.robinhood.routes import Route, route
from brokers.robinhood.wires import NoAnswerError, NotSentError, Timeouts, Wires, read_whole
from framework.errors import BrokerError, SafetyError
from framework.rules.pacing.refusals import Hint, hint_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import PreparedRequest

    from brokers.robinhood.gates import OrderGate
    from framework.domain.request import Priority
    from framework.engine.network import Clock, RequestBudget

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_FORM, _JSON = "application/x-www-form-urlencoded; charset=utf-8", "application/json"


class Purpose(NamedTuple):
    """What the requests of a thread are for: their priority (``None``: by what they are), seconds they may wait, and their deadline."""

    priority: Priority | None = None
    patience: float = 30.0
    deadline: int | None = None


class Call(NamedTuple):
    """What became of one request; the query and the body, which hold more, are left out.

    Attributes:
        status: 0 where no answer came.
        seconds: It took, waiting for the budget included.
        result: ``answered``, or the name of what went wrong.
        date: When the venue says it wrote the answer, as its header has it.
        hint: How long a refusal asked us to stay away.
    """

    method: str
    path: str
    status: int
    seconds: float
    result: str
    date: str = ""
    hint: Hint | None = None


class Transport(HTTPAdapter):
    """Carries every request of a session to Robinhood, or refuses it.

    Args:
        budget: Of the credential.
        gate: The last door for orders.
        clock: Monotonic.
        observe: Hears of every request.
        timeouts: For everything.
        base_url: A double on this machine, in tests; any other address is refused.

    Raises:
        SafetyError: ``base_url`` is not on this machine.
    """

    def __init__(
        self,
        budget: RequestBudget,
        gate: OrderGate,
        clock: Clock,
        observe: Callable[[Call], object],
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        base_url: str | None = None,
    ) -> None:
        if base_url is not None and urlsplit(base_url).hostname not in LOOPBACK:
            raise SafetyError(f"a venue at {base_url!r}: only an address of this machine may stand in for Robinhood")
        self._budget, self._gate, self._clock, self._observe = budget, gate, clock, observe
        self._timeouts, self._base = timeouts, None if base_url is None else urlsplit(base_url)
        self._wires = Wires(clock)
        self._here = threading.local()
        super().__init__(max_retries=0, pool_connections=4, pool_maxsize=32)
        self.poolmanager.pool_classes_by_scheme = self._wires.pools()

    @contextmanager
    def purpose(self, purpose: Purpose) -> Iterator[None]:
        """Within it requests of this thread are for ``purpose``."""
        before = self._purpose
        self._here.purpose = purpose
        try:
            yield
        finally:
            self._here.purpose = before

    @property
    def _purpose(self) -> Purpose:
        found: Purpose = getattr(self._here, "purpose", Purpose())
        return found

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the signature of requests
        timeout: Any = None,  # noqa: ANN401 - the same
        verify: bool | str = True,  # noqa: FBT001, FBT002 - the same
        cert: Any = None,  # noqa: ANN401 - the same
        proxies: Any = None,  # noqa: ANN401 - the same
    ) -> Response:
        """Send ``request`` if it may be; time-outs, certificates and proxies are ours to choose, not the caller's.

        Raises:
            SafetyError: It must not be sent.
            NotSentError: No byte has left.
            NoAnswerError: Bytes may have left, and no whole answer came.
        """
        del stream, timeout, verify, cert, proxies
        what = route(request.method or "", request.url or "")
        started = self._clock.now_ns()
        try:
            response = self._judged(request) if what.is_order else None
            if response is None:
                response = self._sent(request, what)
        except (NotSentError, NoAnswerError, SafetyError) as error:
            self._observe(Call(*_named(request), 0, self._since(started), type(error).__name__))
            raise
        date, hint = response.headers.get("Date", ""), _hint(response)
        self._observe(Call(*_named(request), response.status_code, self._since(started), "answered", date, hint))
        return response

    def _since(self, started: int) -> float:
        return (self._clock.now_ns() - started) / 1e9

    def _judged(self, request: PreparedRequest) -> Response | None:
        answer = self._gate.judge(form_of(request.body))
        return None if answer is None else _made_up(request, json.dumps(answer).encode())

    def _sent(self, request: PreparedRequest, what: Route) -> Response:
        purpose = self._purpose
        priority = what.priority if purpose.priority is None or not what.is_order else purpose.priority
        try:
            with self._budget.slot(priority, is_order=what.is_order, patience=purpose.patience):
                response = self._wires.exchange(lambda: self._carried(request), self._timeouts.total, purpose.deadline)
        except BrokerError as error:  # no slot in time, or none that could be written down
            raise NotSentError(str(error)) from None
        if response.status_code == 429:
            with suppress(BrokerError):  # the answer is here; what cannot be written down keeps the next one back as well
                self._budget.refused(_hint(response))
        return response

    def _carried(self, request: PreparedRequest) -> Response:
        copy = _mended(request)
        if self._base is not None:
            copy.headers["Host"] = urlsplit(request.url or "").netloc
            copy.url = urlsplit(copy.url or "")._replace(scheme=self._base.scheme, netloc=self._base.netloc).geturl()
        response = super().send(copy, stream=True, timeout=(self._timeouts.connect, self._timeouts.read), verify=True, proxies={})
        read_whole(response, self._timeouts.most_bytes, lambda: self._wires.is_given_up)
        response.url, response.request = request.url or "", request
        # Without it requests does not follow: what is elsewhere is not Robinhood's answer.
        response.headers.pop("Location", None)
        return response


def _named(request: PreparedRequest) -> tuple[str, str]:
    return request.method or "", urlsplit(request.url or "").path


def _hint(response: Response) -> Hint | None:
    """How long a refusal asks us to stay away."""
    if response.status_code != 429:
        return None
    return hint_in(response.text, response.headers.get("Retry-After"), response.headers.get("Date"))


def _mended(request: PreparedRequest) -> PreparedRequest:
    """A copy that says what it holds: robin_stocks leaves a JSON header on the session when a request fails, and asks for brotli."""
    copy = request.copy()
    body = copy.body.decode("utf-8", "replace") if isinstance(copy.body, bytes) else copy.body or ""
    if body:
        copy.headers["Content-Type"] = _JSON if body.lstrip().startswith("{") else _FORM
    copy.headers["Accept-Encoding"] = "gzip"
    return copy


def _made_up(request: PreparedRequest, body: bytes) -> Response:
    response = Response()
    response.status_code, response.url, response.request = 201, request.url or "", request
    response.headers["Content-Type"] = _JSON
    response.raw = io.BytesIO(body)
    response._content = body  # noqa: SLF001 - where requests keeps what was read
    return response
