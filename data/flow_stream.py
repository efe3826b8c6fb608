"""Trades and quotes as they happen, from Massive's (formerly Polygon's) WebSocket into a file, each with the time it was received."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from framework.errors import AuthenticationError, BadDataError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

#: Where trades and quotes of shares are streamed in real time.
ADDRESS = "wss://socket.massive.com"
#: Seconds between two looks at whether to stop, and before a closed connection is opened again.
LOOK, AGAIN = 0.05, 1.0
#: What is kept of a message that cannot be read.
EXCERPT = 200


class Recorded(NamedTuple):
    """How many messages were written, and how many of them could not be read."""

    messages: int
    unreadable: int


class FlowRecorder:
    """Writes what the feed tells of ``symbols`` to the end of a file, a JSON object a line, behind what is there.

    Args:
        symbols: Whose trades and quotes.
        key: The API key; it is sent to the feed and goes nowhere else.
        now: ns UTC.
        stopped: Whether to stop; asked twenty times a second.
        address: The feed's, ``wss://`` or ``ws://``.
    """

    def __init__(
        self, symbols: Sequence[str], key: str, now: Callable[[], int], stopped: Callable[[], bool], address: str = ADDRESS
    ) -> None:
        scheme, _, host = address.partition("://")
        if scheme not in {"ws", "wss"} or not host:
            raise ConfigError(f"a feed's address is wss://HOST, got {address!r}")
        self._symbols = symbols
        self._key = key
        self._now = now
        self._stopped = stopped
        self._host = host
        self._is_secure = scheme == "wss"
        self._received = 0
        self._messages = 0
        self._unreadable = 0

    def record(self, path: Path) -> Recorded:
        """Record until it is to stop; connections that break are made again.

        Raises:
            AuthenticationError: The feed refuses the key.
            BadDataError: The file that is there is none of messages.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._received = max(_mended(path), self._received)
        with path.open("ab") as file:
            asyncio.run(self._record(file))
        return Recorded(self._messages, self._unreadable)

    async def _record(self, file: BinaryIO) -> None:
        listening = asyncio.create_task(self._listen(file))
        while not self._stopped() and not listening.done():
            await asyncio.wait([listening], timeout=LOOK)
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening

    async def _listen(self, file: BinaryIO) -> None:
        from massive import WebSocketClient
        from massive.exceptions import AuthError
        from websockets.exceptions import ConnectionClosed

        async def take(text: str | bytes) -> None:
            self._take(file, text)

        wanted = [f"{kind}.{symbol}" for symbol in self._symbols for kind in ("T", "Q")]
        while True:
            client = WebSocketClient(
                api_key=self._key, feed=self._host, subscriptions=wanted, raw=True, secure=self._is_secure, max_reconnects=0
            )
            try:
                await client.connect(take)
            except AuthError as error:
                raise AuthenticationError(f"the feed at {self._host} refuses the key: {str(error).replace(self._key, '...')}") from None
            except (ConnectionClosed, ValueError, LookupError):  # broken, or it greets with something else than JSON
                pass
            finally:
                await client.close()
            await asyncio.sleep(AGAIN)

    def _take(self, file: BinaryIO, text: str | bytes) -> None:
        """Write down one frame: a list of messages."""
        self._received = max(self._now(), self._received)  # the order of lines is that of time, whatever the clock does
        try:
            told = json.loads(text)
        except ValueError:
            told = None
        for message in told if isinstance(told, list) else [told]:
            self._messages += 1
            if isinstance(message, dict) and isinstance(message.get("ev"), str):
                line = {**message, "received": self._received}
            else:
                self._unreadable += 1
                line = {"ev": "unreadable", "text": str(text)[:EXCERPT], "received": self._received}
            file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        file.flush()


def _mended(path: Path) -> int:
    """When the last line of ``path`` was received, ns UTC, 0 where there is none; one that a killed recorder did not finish is taken away.

    Nobody has read it: a reader takes whole lines only.
    """
    if not path.is_file():
        return 0
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        tail = b""
        while size and tail.count(b"\n") < 2:
            step = min(size, 65_536)
            size -= step
            file.seek(size)
            tail = file.read(step) + tail
        end = tail.rfind(b"\n") + 1
        file.truncate(size + end)
    whole = tail[:end].splitlines()
    try:
        return int(json.loads(whole[-1])["received"]) if whole else 0
    except (ValueError, KeyError, TypeError):
        raise BadDataError(f"{path}: its last line is no message; record into another file") from None
