"""A double to test with: one in this process, or a handle on one that runs elsewhere."""

from __future__ import annotations

import json
from inspect import signature
from typing import TYPE_CHECKING, Any, Self
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from brokers.robinhood.testing.control import COMMANDS, PREFIX
from brokers.robinhood.testing.routes.table import ROUTES
from brokers.robinhood.testing.server import RobinhoodServer
from brokers.robinhood.testing.venue import Venue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from brokers.robinhood.testing.clock import VirtualClock

ACCOUNT = "5QR00001"
STOCKS = (("AAPL", "100.00"), ("F", "12.00"), ("MSFT", "400.00"))


class RobinhoodDouble:
    """A Robinhood on loopback, in this process: one user, one account with money, a few stocks.

    Every command of ``control`` is a method: ``double.trade_at("AAPL", "101.50")``, ``double.book()``. Use it in a ``with`` block.

    Args:
        clock: Its time; by default it stands still at 10:00 in New York on Monday 2026-03-02, and a request takes 0.05 s.
        cash: Of the account ``5QR00001``, dollars.
        port: To listen on; 0 takes a free one.
        certificate: A PEM file with certificate and key, for https.
    """

    def __init__(self, clock: VirtualClock | None = None, cash: str = "100000", port: int = 0, certificate: Path | None = None) -> None:
        self.venue = Venue(ROUTES, clock)
        self.open_account(ACCOUNT, cash)
        for symbol, price in STOCKS:
            self.list_stock(symbol, price)
        self._server = RobinhoodServer(self.venue, port, certificate)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    def __getattr__(self, name: str) -> Callable[..., Any]:
        command = _known(name)

        def run(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - JSON
            with self.venue.lock:
                return command(self.venue, *given, **named)

        return run

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RemoteDouble:
    """The same commands for a double in another process, which outlives whatever is killed here.

    Args:
        url: Where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def __getattr__(self, name: str) -> Callable[..., Any]:
        places = list(signature(_known(name)).parameters)[1:]

        def run(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - JSON
            return self._send(name, {**dict(zip(places, given, strict=False)), **named})

        return run

    def _send(self, name: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        request = Request(self.url + PREFIX + name, json.dumps(arguments).encode(), method="POST")  # noqa: S310 - loopback
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
                return json.load(answer)["result"]
        except HTTPError as error:
            with error:
                raise ValueError(json.load(error)["error"]) from None


def _known(name: str) -> Callable[..., Any]:
    try:
        return COMMANDS[name]
    except KeyError:
        raise AttributeError(f"the double knows no {name!r}; it knows {', '.join(COMMANDS)}") from None
