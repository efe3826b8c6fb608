"""What goes wrong on the way, by script: which requests, whether they are handled, and what comes back instead."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the script. It is used up ``times`` times, after ``skip`` requests that match it were left alone.

    Attributes:
        method: ``GET`` or ``POST``.
        path: A pattern of addresses without the query, as ``/orders/*``.
        query: A text the query must contain.
        handled: ``yes``; ``no``; ``later``, once the clock has moved on by ``later_seconds``; ``twice``, as by a proxy that sends again.
        waits: Real seconds before it is handled.
        stalls: Real seconds between the handling and the answer.
        status: Of an answer in place of the ordinary one; 0 for none.
        body: Of that; JSON, or text as it is.
        headers: Of that.
        kills: Process that is killed (SIGKILL) once the request was handled, or was not, and before anything is answered.
        drops: The connection is closed without an answer, or in the middle of it after so many bytes (``drops_after``).
        drip: Real seconds between two bytes of the answer.
        mangles: Name of a change of the ordinary answer, see ``mangling``; or ``swapped``: the answer to the request of this method
            before; ``stale``: the answer that this address gave before.
    """

    method: str = "*"
    path: str = "*"
    query: str = ""
    times: int = 1
    skip: int = 0
    handled: str = "yes"
    later_seconds: float = 0.0
    waits: float = 0.0
    stalls: float = 0.0
    status: int = 0
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    kills: int = 0
    drops: bool = False
    drops_after: int = 0
    drip: float = 0.0
    mangles: str = ""

    def matches(self, method: str, path: str, query: str) -> bool:
        """Whether it is about such a request."""
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path) and self.query in query


class FaultScript:
    """Faults in the order in which they were written down; a request meets the first that matches it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Write one down."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()

    def next_for(self, method: str, path: str, query: str) -> Fault | None:
        """The fault of this request, used up once."""
        for index, fault in enumerate(self._faults):
            if fault.matches(method, path, query):
                return self._used(index, fault)
        return None

    def _used(self, index: int, fault: Fault) -> Fault | None:
        if fault.skip:
            self._faults[index] = replace(fault, skip=fault.skip - 1)
            return None
        if fault.times > 1:
            self._faults[index] = replace(fault, times=fault.times - 1)
        else:
            del self._faults[index]
        return fault
