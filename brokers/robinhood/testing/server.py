"""The double on the network: an HTTP server of its own on loopback."""

from __future__ import annotations

import json
import os
import ssl
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from signal import SIGKILL
from socket import SHUT_RDWR
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

from brokers.robinhood.testing.answers import Answer, Request
from brokers.robinhood.testing.clock import SECOND, instant
from brokers.robinhood.testing.control import PREFIX, obey

if TYPE_CHECKING:
    from pathlib import Path

    from brokers.robinhood.testing.venue import Delivery, Venue

LARGEST = 1_000_000


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, venue: Venue, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.venue = venue
        self.stopping = Event()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the signature of the standard library
        """A client that went away is what the double is for; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


class RobinhoodServer:
    """Serves ``venue`` on 127.0.0.1 until it is closed.

    Args:
        venue: What answers.
        port: To listen on; 0 takes a free one.
        certificate: A PEM file with certificate and key, for https.
    """

    def __init__(self, venue: Venue, port: int = 0, certificate: Path | None = None) -> None:
        self.venue = venue
        self._server = _Server(venue, port)
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="robinhood-double", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop; connections that wait are closed."""
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Headers and body leave together: apart, the second would wait for the first's acknowledgement.
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Nothing is logged: requests hold secrets."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The double's own time, in the form of the header ``Date``."""
        del timestamp
        return instant(self.server.venue.clock.now() + int(self.server.venue.date_skew * SECOND)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    def _serve(self) -> None:
        split = urlsplit(self.path)
        raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST))
        if split.path.startswith(PREFIX):
            self._send(obey(self.server.venue, split.path.removeprefix(PREFIX), raw))
            return
        request = self._request(split.path, split.query, raw)
        fault = self.server.venue.fault_of(request, split.query)
        self._wait(fault.waits)
        delivery = self.server.venue.deliver(request, fault)
        if fault.kills:
            os.kill(fault.kills, SIGKILL)
        self._wait(fault.stalls)
        self._hand_over(delivery)

    def _request(self, path: str, query: str, raw: bytes) -> Request:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        fields, unreadable = _fields(raw, self.headers.get("Content-Type", ""))
        return Request(self.command, path, dict(parse_qsl(query, keep_blank_values=True)), fields, token, unreadable)

    def _hand_over(self, delivery: Delivery) -> None:
        answer, fault = delivery.answer, delivery.fault
        if answer is None:
            self._hang_up()
        elif fault.drops_after:
            self._send(answer, fault.drops_after)
            self._hang_up()
        else:
            self._send(answer, drip=fault.drip)

    def _send(self, answer: Answer, most: int | None = None, drip: float = 0.0) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        body = answer.body[:most]
        for start in range(0, len(body), step := 1 if drip else len(body) or 1):
            self.wfile.write(body[start : start + step])
            self.wfile.flush()
            self._wait(drip)

    def _wait(self, seconds: float) -> None:
        if seconds:
            self.server.stopping.wait(seconds)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):  # the client may have gone first
            self.wfile.flush()
            self.connection.shutdown(SHUT_RDWR)


def _fields(raw: bytes, kind: str) -> tuple[dict[str, Any], bool]:
    """Fields of a body, and whether it cannot be read as what it says it is."""
    if not raw:
        return {}, False
    text = raw.decode("utf-8", "replace")
    if "json" not in kind:
        return dict(parse_qsl(text, keep_blank_values=True)), False
    try:
        read = json.loads(text)
    except ValueError:
        return {}, True
    return (read, False) if isinstance(read, dict) else ({}, True)
