"""One exchange of bytes: it ends in time, whatever the other side does, and it is known whether a byte had left."""

from __future__ import annotations

import queue
import threading
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from requests import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

    from framework.engine.network import Clock


class Timeouts(NamedTuple):
    """Seconds: to connect, between two reads, and for all of it together; and the most bytes an answer may have."""

    connect: float = 3.05
    read: float = 10.0
    total: float = 16.0
    most_bytes: int = 8_000_000


class NotSentError(exceptions.ConnectionError):
    """No byte has left: the request can be made again."""


class NoAnswerError(exceptions.ConnectionError):
    """Bytes may have left and no whole answer came: nobody knows what became of the request."""


class Departure:
    """Whether the bytes of one request may leave, and whether they have.

    Args:
        clock: Monotonic.
        deadline: ns of ``clock`` after which no byte leaves; ``None`` for none.
    """

    def __init__(self, clock: Clock, deadline: int | None) -> None:
        self._clock, self._deadline = clock, deadline
        self._lock = threading.Lock()
        self._has_left = self._is_off = False

    def leave(self) -> None:
        """Called right before the first byte.

        Raises:
            NotSentError: It is too late, or nobody waits any more.
        """
        with self._lock:
            if self._is_off:
                raise NotSentError("given up before it was sent")
            if self._deadline is not None and not self._has_left and self._clock.now_ns() >= self._deadline:
                raise NotSentError("its deadline passed before it was sent")
            self._has_left = True

    @property
    def is_off(self) -> bool:
        """Whether nobody waits any more."""
        return self._is_off

    def call_off(self) -> bool:
        """Let nothing leave from now on; whether something had."""
        with self._lock:
            self._is_off = True
            return self._has_left


class Wires:
    """Runs exchanges in threads of their own, so that no name server, handshake or slow answer can hold up who waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._here = threading.local()

    def exchange(self, carry: Callable[[], Response], seconds: float, deadline: int | None) -> Response:
        """What ``carry`` answers.

        Raises:
            NotSentError: No byte has left.
            NoAnswerError: It is not known what became of it.
        """
        departure = Departure(self._clock, deadline)
        arrived: queue.SimpleQueue[Response | BaseException] = queue.SimpleQueue()

        def work() -> None:
            self._here.departure = departure
            try:
                arrived.put(carry())
            except BaseException as error:  # noqa: BLE001 - it is raised again where somebody waits for it
                arrived.put(error)

        threading.Thread(target=work, name="robinhood-request", daemon=True).start()
        try:
            found = arrived.get(timeout=seconds)
        except queue.Empty:
            found = exceptions.Timeout(f"no answer in {seconds:g} s")
        if isinstance(found, BaseException):
            raise _lost(found, has_left=departure.call_off()) from None
        return found

    @property
    def is_given_up(self) -> bool:
        """Whether nobody waits for the exchange of this thread any more."""
        departure: Departure = self._here.departure
        return departure.is_off

    def pools(self) -> dict[str, type[HTTPConnectionPool]]:
        """Connection pools that ask ``Departure`` before a byte leaves."""
        here = self._here

        class Plain(HTTPConnection):
            def send(self, data: Any) -> None:  # noqa: ANN401 - the signature of http.client
                _ready(self, here)
                super().send(data)

        class Encrypted(HTTPSConnection):
            def send(self, data: Any) -> None:  # noqa: ANN401 - the signature of http.client
                _ready(self, here)
                super().send(data)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class EncryptedPool(HTTPSConnectionPool):
            ConnectionCls = Encrypted

        return {"http": PlainPool, "https": EncryptedPool}


def _ready(connection: HTTPConnection, here: threading.local) -> None:
    if connection.sock is None:
        connection.connect()
    here.departure.leave()


def _lost(error: BaseException, *, has_left: bool) -> exceptions.ConnectionError:
    """The two things that can be known after an exchange failed; the original may show addresses with account numbers."""
    words = type(error).__name__ if not isinstance(error, (NotSentError, NoAnswerError)) else str(error)
    return NoAnswerError(f"no whole answer ({words})") if has_left else NotSentError(f"nothing was sent ({words})")


def read_whole(response: Response, most: int, is_given_up: Callable[[], bool]) -> None:
    """Read the body of ``response`` as it comes in, as long as somebody waits for it.

    Raises:
        NoAnswerError: It is too large, ends early or cannot be decoded, or nobody waits any more.
    """
    raw, pieces, size = response.raw, [], 0
    try:
        while piece := raw.read1(65_536, decode_content=False):
            size += len(piece)
            if is_given_up():
                response.close()
                raise NoAnswerError("an answer that nobody waits for any more")
            if size > most:
                raise NoAnswerError(f"an answer of more than {most} bytes")
            pieces.append(piece)
    except (HTTPError, OSError) as error:
        raise NoAnswerError(f"an answer that broke off ({type(error).__name__})") from None
    if raw.length_remaining:
        raise NoAnswerError("an answer that ended early")
    response._content = _decoded(b"".join(pieces), response.headers.get("Content-Encoding", ""), most)  # noqa: SLF001 - where requests keeps it
    response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001 - the same
    response.headers.pop("Content-Encoding", None)
    raw.release_conn()


def _decoded(body: bytes, encoding: str, most: int) -> bytes:
    """Strictly: urllib3 takes a stream that ends early for a whole one."""
    if not encoding or encoding.lower() == "identity":
        return body
    if encoding.lower() != "gzip":
        raise NoAnswerError(f"an answer encoded as {encoding!r}, which was not asked for")
    reader = zlib.decompressobj(31)
    try:
        found = reader.decompress(body, most + 1)
    except zlib.error:
        raise NoAnswerError("an answer that cannot be decoded") from None
    if not reader.eof or len(found) > most:
        raise NoAnswerError("an answer that cannot be decoded: it ends early or is too large")
    return found
