"""The tape of a run: its inputs and everything that was decided and happened, in one append-only, hash-chained SQLite file.

Each event's hash covers the one before it, so that a line changed, removed or put in later is found.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.domain.fill import Dividend, Refusal
from framework.domain.market import BarSeries
from framework.domain.order import Order, OrderUpdate
from framework.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from framework.domain.record import RunRecord

_SCHEMA = """
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE TABLE bars (symbol TEXT NOT NULL, name TEXT NOT NULL, dtype TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (symbol, name));
CREATE TRIGGER events_only_grow BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the tape is append-only'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the tape is append-only'); END;
"""
_COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split")
_ORDER_FIELDS = (
    "order_id",
    "symbol",
    "side",
    "quantity_micros",
    "order_type",
    "limit_micros",
    "stop_micros",
    "trail_micros",
    "trail_type",
    "time_in_force",
    "role",
    "parent_id",
    "strategy",
    "tag",
    "reason",
)


def write_tape(record: RunRecord, path: Path) -> None:
    """Write the tape of ``record`` to ``path``, which must not exist."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        connection.executemany("INSERT INTO bars VALUES (?, ?, ?, ?)", _bar_rows(record.series))
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", _chained(_events(record)))


def _bar_rows(series: Mapping[str, BarSeries]) -> Iterator[tuple[str, str, str, bytes]]:
    for symbol, one in series.items():
        for name in _COLUMNS:
            column = getattr(one, name)
            yield symbol, name, column.dtype.str, column.tobytes()


def _events(record: RunRecord) -> Iterator[tuple[int, str, dict[str, object]]]:
    start, end = int(record.timestamps[0]), int(record.timestamps[-1])
    hashes = {"inputs_hash": record.inputs_hash, "config_hash": record.config_hash}
    yield start, "run_started", {**_header(record), **hashes}
    for event in record.events:
        yield _as_row(event)
    yield end, "run_ended", {"decisions_hash": record.decisions_hash, "final_equity": repr(float(record.equity[-1]))}


def _header(record: RunRecord) -> dict[str, object]:
    return {
        "run_id": record.run_id,
        "mode": record.mode,
        "description": record.description,
        "version": record.version,
        "config": record.config_text,
    }


def _as_row(event: Order | OrderUpdate | Dividend | Refusal) -> tuple[int, str, dict[str, object]]:
    if isinstance(event, Order):
        return event.created_at, "order_decided", {name: getattr(event, name) for name in _ORDER_FIELDS}
    if isinstance(event, OrderUpdate):
        return event.timestamp, f"order_{event.status}", {"order_id": event.order_id, "reason": event.reason, **_fill_of(event)}
    kind = "dividend_paid" if isinstance(event, Dividend) else "refused"
    return event.timestamp, kind, {name: getattr(event, name) for name in event.__slots__ if name != "timestamp"}


def _fill_of(update: OrderUpdate) -> dict[str, object]:
    if update.fill is None:
        return {}
    names = ("execution_id", "quantity_micros", "price_micros", "reference_micros", "fees_micros")
    return {name: getattr(update.fill, name) for name in names}


def _chained(events: Iterable[tuple[int, str, dict[str, object]]]) -> Iterator[tuple[int, int, str, str, str]]:
    last = ""
    for sequence, (timestamp, kind, payload) in enumerate(events):
        text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
        last = _link(last, sequence, timestamp, kind, text)
        yield sequence, timestamp, kind, text, last


def _link(last: str, sequence: int, timestamp: int, kind: str, payload: str) -> str:
    return hashlib.sha256(f"{last}\n{sequence}\n{timestamp}\n{kind}\n{payload}".encode()).hexdigest()


def verify_tape(path: Path) -> int:
    """Check the chain from the first event to the last; returns the number of events.

    Raises:
        DataError: There is no tape, or the chain is broken: the first bad event is named.
    """
    last, count = "", 0
    for sequence, timestamp, kind, payload, found in _rows(
        path, "SELECT sequence, timestamp, kind, payload, hash FROM events ORDER BY sequence"
    ):
        last = _link(last, count, timestamp, kind, payload)
        if sequence != count or last != found:
            raise DataError(f"{path}: the chain is broken at event {count}: the tape was changed after it was written")
        count += 1
    return count


def read_bars(path: Path) -> dict[str, BarSeries]:
    """The bars a run saw, by symbol.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    columns: dict[str, dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]] = {}
    for symbol, name, dtype, blob in _rows(path, "SELECT symbol, name, dtype, data FROM bars ORDER BY symbol"):
        columns.setdefault(symbol, {})[name] = np.frombuffer(blob, dtype=dtype).copy()
    return {symbol: BarSeries(symbol, **named) for symbol, named in columns.items()}  # type: ignore[arg-type]


def read_header(path: Path) -> dict[str, str]:
    """What the tape says of its run: run_id, mode, description, version, config and hashes.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    ((payload,),) = _rows(path, "SELECT payload FROM events WHERE sequence = 0")
    header: dict[str, str] = json.loads(str(payload))
    return header


def _rows(path: Path, query: str) -> list[Any]:
    if not path.is_file():
        raise DataError(f"there is no tape at {path}")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.DatabaseError as error:
        raise DataError(f"{path} cannot be read as a tape: {error}") from None
