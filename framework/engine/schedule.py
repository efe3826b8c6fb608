"""Callbacks on the session clock: so long after the open, so long before the close."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.engine.market import session_number
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


_RULE = re.compile(r"^market_(open|close)(?:([+-])(\d+)([smh]))?$")
_UNIT_NS = (("s", 10**9), ("m", 60 * 10**9), ("h", 3600 * 10**9))


@dataclass(slots=True)
class Entry:
    """A callback, when it is due after the anchor (ns), and the last session it ran in."""

    anchor: str
    offset: int
    callback: Callable[..., None]
    done: int = -1


class Schedule:
    """What is to run when.

    ``bounds(timestamp)`` gives the session's open and close in ns UTC; ``daily`` says that bars are whole sessions.

    Attributes:
        entries: What was added.
    """

    def __init__(self, bounds: Callable[[int], tuple[int, int]], *, daily: bool) -> None:
        self._bounds = bounds
        self._daily = daily
        self.entries: list[Entry] = []

    def add(self, when: str, callback: Callable[..., None]) -> None:
        """Run ``callback`` in every session at ``when``.

        Raises:
            ConfigError: ``when`` cannot be read, or daily bars cannot see it.
        """
        found = _RULE.match(when.replace(" ", ""))
        if found is None:
            raise ConfigError(f"schedule {when!r} cannot be read; write market_open or market_close, or an offset such as market_close-15m")
        anchor, sign, amount, unit = found.groups()
        offset = 0 if amount is None else int(f"{sign}{amount}") * dict(_UNIT_NS)[unit]
        if self._daily and (anchor, offset) != ("close", 0):
            raise ConfigError(f"schedule {when!r} needs bars finer than a day: a daily bar is seen at its close only; use on_bar")
        self.entries.append(Entry(anchor, offset, callback))

    def due(self, timestamp: int) -> list[Callable[..., None]]:
        """Callbacks whose time has come at ``timestamp``, each at most once a session, in the order they were added."""
        opened, closed = self._bounds(timestamp)
        session = session_number(timestamp)
        ready = []
        for entry in self.entries:
            if entry.done < session and timestamp >= (opened if entry.anchor == "open" else closed) + entry.offset:
                entry.done = session
                ready.append(entry.callback)
        return ready
