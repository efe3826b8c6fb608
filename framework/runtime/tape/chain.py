"""Events and the chain that holds them together: each hash covers the event and the hash before it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.errors import InvariantError, TapeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class NewEvent(NamedTuple):
    """Something to be put on the tape.

    Attributes:
        timestamp: When it happened, ns UTC.
        kind: What it is, such as ``order_decided``.
        payload: What there is to say of it, as JSON knows it: text, numbers, lists and mappings by text.
        key: At most one event with this key is ever on the tape; ``None`` for what may happen again.
    """

    timestamp: int
    kind: str
    payload: Mapping[str, object]
    key: str | None = None


class TapeEvent(NamedTuple):
    """An event on the tape: its place, from 0 without gaps, and who may have written it.

    Attributes:
        hash: SHA-256, hexadecimal, over this event and the hash of the one before.
        epoch: That of the lease it was written under; 0 without one.
    """

    sequence: int
    timestamp: int
    kind: str
    payload: dict[str, Any]
    key: str | None
    hash: str
    epoch: int


class Head(NamedTuple):
    """The last event of a tape; ``(-1, "")`` when it is empty."""

    sequence: int
    hash: str


class Row(NamedTuple):
    """An event as it is stored."""

    sequence: int
    timestamp: int
    kind: str
    payload: str
    hash: str
    key: str | None
    epoch: int

    def read(self) -> TapeEvent:
        """The event with its payload as data.

        Raises:
            TapeError: The payload is no JSON object.
        """
        try:
            payload = json.loads(self.payload)
        except (TypeError, ValueError):
            payload = None
        if not isinstance(payload, dict):
            raise TapeError(f"the payload of event {self.sequence} ({self.kind}) cannot be read: the tape was changed")
        return TapeEvent(self.sequence, self.timestamp, self.kind, payload, self.key, self.hash, self.epoch)


START = Head(-1, "")


def canonical(payload: Mapping[str, object]) -> str:
    """``payload`` as the one JSON text that is hashed and stored: on one line, names sorted.

    Raises:
        InvariantError: It holds what JSON does not know.
    """
    try:
        return json.dumps(payload, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise InvariantError(f"an event's payload must be plain data ({error}); got {payload!r}") from error


def chained(head: Head, events: Iterable[NewEvent], epoch: int = 0) -> Iterator[Row]:
    """``events`` as the rows that follow ``head``."""
    sequence, last = head
    for timestamp, kind, payload, key in events:
        sequence += 1
        text = canonical(payload)
        last = link(last, sequence, timestamp, kind, text, key, epoch)
        yield Row(sequence, timestamp, kind, text, last, key, epoch)


def link(last: str, sequence: int, timestamp: int, kind: str, payload: str, key: str | None, epoch: int) -> str:
    """The hash of an event that follows one with the hash ``last``.

    Key and epoch enter where an event has them; all parts but the key, which stands last, are without line breaks, so no two events give
    the same text.
    """
    owned = "" if key is None and epoch == 0 else f"\n{epoch}\n{'' if key is None else f'={key}'}"
    return hashlib.sha256(f"{last}\n{sequence}\n{timestamp}\n{kind}\n{payload}{owned}".encode()).hexdigest()


def first_break(head: Head, rows: Iterable[Row]) -> tuple[int | None, Head]:
    """Follow ``rows`` from ``head``: the first number whose event is not what was written (``None``: all are), and the last good event."""
    sequence, last = head
    for row in rows:
        if row.sequence != sequence + 1 or row.hash != link(last, *row[:4], row.key, row.epoch):
            return sequence + 1, Head(sequence, last)
        sequence, last = row.sequence, row.hash
    return None, Head(sequence, last)
