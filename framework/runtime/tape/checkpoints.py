"""Folded states kept beside the events, so that a restart folds only what came after them. They may be thrown away at any time."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from framework.runtime.tape.chain import START, Head, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

_ALL = (
    "SELECT c.name, c.sequence, c.hash, c.state, c.digest FROM checkpoints c JOIN events e ON e.sequence = c.sequence AND e.hash = c.hash"
)
_NAMED = text(f"{_ALL} WHERE c.name = :name")
_NEWEST = text(f"{_ALL} ORDER BY c.sequence DESC")
_SAVE = text(
    "INSERT INTO checkpoints (name, sequence, hash, state, digest) VALUES (:name, :sequence, :hash, :state, :digest) "
    "ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, state = excluded.state, digest = excluded.digest"
)


class Checkpoint(NamedTuple):
    """What folding all events up to ``sequence`` gave.

    Attributes:
        name: Of the fold, with its version: a fold that changed must not read what it kept before.
        sequence: The last event folded; ``hash``: its hash.
        state: Plain data.
    """

    name: str
    sequence: int
    hash: str
    state: Mapping[str, object]


def save(connection: Connection, checkpoint: Checkpoint) -> None:
    """Keep ``checkpoint`` in place of the one of its name."""
    state = canonical(checkpoint.state)
    digest = _digest(checkpoint.name, checkpoint.sequence, checkpoint.hash, state)
    connection.execute(_SAVE, {**checkpoint._asdict(), "state": state, "digest": digest})


def latest(connection: Connection, name: str) -> Checkpoint | None:
    """The checkpoint ``name``, unless it was changed or is of another tape."""
    row = connection.execute(_NAMED, {"name": name}).first()
    if row is None or row.digest != _digest(*row[:4]):
        return None
    return Checkpoint(row.name, row.sequence, row.hash, json.loads(row.state))


def newest_head(connection: Connection) -> Head:
    """The last event that a checkpoint covers; everything up to it was checked when it was folded."""
    rows = connection.execute(_NEWEST)
    return next((Head(row.sequence, row.hash) for row in rows if row.digest == _digest(*row[:4])), START)


def _digest(name: str, sequence: int, last: str, state: str) -> str:
    return hashlib.sha256(f"{name}\n{sequence}\n{last}\n{state}".encode()).hexdigest()
