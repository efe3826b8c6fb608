"""Order flow from a file of messages, each with the time it was received: what a strategy may know at a bar's close, and no more."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from framework.domain.flow import TradeTick
from framework.errors import BadDataError, MissingDataError
from framework.rules.flow.messages import read_message
from framework.rules.flow.symbol_flow import SymbolFlow

if TYPE_CHECKING:
    from pathlib import Path

    from framework.rules.flow.policy import FlowPolicy

#: How far ahead of our clock a feed's may be, ns; a message from further ahead is not believed.
AHEAD = 5_000_000_000


class RecordedFlow:
    """Reads a file that may still be growing: one JSON object a line, as ``onetape data record`` writes them.

    Attributes:
        received: When the last message that was read had been received, ns UTC; 0 before there is one.
        left_out: Messages that could not be used, by reason.
    """

    def __init__(self, path: Path, policy: FlowPolicy) -> None:
        if not path.is_file():
            raise MissingDataError(f"no recorded messages at {str(path)!r}; `onetape data record` writes such a file")
        self._path = path
        self._policy = policy
        self._offset = 0
        self._line = 0
        self._flows: dict[str, SymbolFlow] = {}
        self.received = 0
        self.left_out: Counter[str] = Counter()

    def of(self, symbol: str) -> SymbolFlow:
        """The flow of ``symbol`` so far."""
        return self._flows.setdefault(symbol, SymbolFlow(self._policy))

    def until(self, now: int) -> None:
        """Take everything that had been received by ``now``, ns UTC.

        Raises:
            BadDataError: A line is no message, or lies before an earlier one in time.
        """
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):  # somebody is writing it
                    return
                message, received = self._message(line)
                if received > now:
                    return
                self._offset += len(line)
                self._line += 1
                self.received = received
                self._take(message, received)

    def _message(self, line: bytes) -> tuple[dict[str, Any], int]:
        place = f"{self._path}, line {self._line + 1}"
        try:
            message = json.loads(line)
            received = int(message["received"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadDataError(f"{place}: a line is a JSON object with received, ns since 1970: {type(error).__name__} {error}") from None
        if received < self.received:
            raise BadDataError(f"{place}: received {received} after {self.received}; lines lie in the order they were received")
        return message, received

    def _take(self, message: dict[str, Any], received: int) -> None:
        try:
            found = read_message(message)
        except BadDataError as error:
            self.left_out[str(error)] += 1
            return
        if found is None:
            return
        if found.timestamp > received + AHEAD:
            self.left_out["from the future"] += 1
        elif isinstance(found, TradeTick):
            self.of(found.symbol).traded(found)
        else:
            self.of(found.symbol).quoted(found)
