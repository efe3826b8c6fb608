"""The tape of a run: its inputs and everything that was decided and happened, in one append-only, hash-chained SQLite file.

Each event's hash covers the one before it, the first event holds the hash of the bars and the last one says that the run has ended, so that
anything changed, removed or put in later is found.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.domain.account_event import (
    AccountEvent,
    CashInLieu,
    Delisted,
    Dividend,
    Entitlement,
    GoodFaithViolation,
    Interest,
    MarginCall,
    Split,
)
from framework.domain.fill import Refusal
from framework.domain.market import BarSeries, Delisting
from framework.domain.order import Order, OrderTerms, OrderUpdate
from framework.errors import BadDataError, ConfigError, InvariantError, MissingDataError
from framework.rules.guards.state import TradingState, Transition
from framework.runtime.hashing import column_bytes, column_type, columns_of, inputs_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from framework.domain.record import RunRecord

_SCHEMA = """
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE TABLE bars (symbol TEXT NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (symbol, name));
CREATE TRIGGER events_only_grow BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the tape is append-only'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the tape is append-only'); END;
CREATE TRIGGER bars_stay_the_same BEFORE UPDATE ON bars BEGIN SELECT RAISE(ABORT, 'the tape is append-only'); END;
CREATE TRIGGER bars_stay BEFORE DELETE ON bars BEGIN SELECT RAISE(ABORT, 'the tape is append-only'); END;
"""
_EVENTS = "SELECT sequence, timestamp, kind, payload, hash FROM events ORDER BY sequence"
_FIRST, _LAST = "run_started", "run_ended"
#: What an event that is a plain record is called.
_ACCOUNT_KINDS: tuple[tuple[type[AccountEvent], str], ...] = (
    (Split, "split"),
    (CashInLieu, "cash_in_lieu"),
    (Entitlement, "dividend_entitled"),
    (Dividend, "dividend_paid"),
    (Delisted, "delisted"),
    (Interest, "interest"),
    (MarginCall, "margin_call"),
    (GoodFaithViolation, "good_faith_violation"),
)
_HEADER = ("run_id", "mode", "description", "version", "config", "inputs_hash", "config_hash")
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
    "extended_hours",
    "role",
    "parent_id",
    "oco_id",
    "strategy",
    "tag",
    "reason",
)


def write_tape(record: RunRecord, path: Path) -> None:
    """Write the tape of ``record`` to ``path``, replacing an earlier one.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(_SCHEMA)
            connection.executemany("INSERT INTO bars VALUES (?, ?, ?)", _bar_rows({**record.series, **record.finer}))
            connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", _chained(_events(record)))
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"cannot write the tape {path}: {error}; choose another folder with --out") from None


def _bar_rows(series: Mapping[str, BarSeries]) -> Iterator[tuple[str, str, bytes]]:
    for symbol, one in series.items():
        for name in columns_of(one):
            yield symbol, name, column_bytes(one, name)


def _events(record: RunRecord) -> Iterator[tuple[int, str, dict[str, object]]]:
    start, end = int(record.timestamps[0]), int(record.timestamps[-1])
    yield start, _FIRST, _header(record)
    for event in record.events:
        yield _as_row(event)
    yield end, _LAST, {"decisions_hash": record.decisions_hash, "final_equity": repr(float(record.equity[-1]))}


def _header(record: RunRecord) -> dict[str, object]:
    return {
        "run_id": record.run_id,
        "mode": record.mode,
        "description": record.description,
        "version": record.version,
        "config": record.config_text,
        "inputs_hash": record.inputs_hash,
        "config_hash": record.config_hash,
        "sectors": dict(record.sectors),
    }


def _as_row(event: object) -> tuple[int, str, dict[str, object]]:
    if isinstance(event, Order):
        return event.created_at, "order_decided", {name: getattr(event, name) for name in _ORDER_FIELDS} | _terms(event.decided)
    if isinstance(event, OrderUpdate) and event.restated is not None:
        return event.timestamp, "order_restated", {"order_id": event.order_id, "reason": event.reason, **event.restated._asdict()}
    if isinstance(event, OrderUpdate):
        return event.timestamp, f"order_{event.status}", {"order_id": event.order_id, "reason": event.reason, **_fill_of(event)}
    if isinstance(event, Transition | Refusal):
        name = "refused" if isinstance(event, Refusal) else f"guard_{event.code}"
        return event.timestamp, name, {field: value for field, value in event._asdict().items() if field != "timestamp"}
    for kind, name in _ACCOUNT_KINDS:
        if isinstance(event, kind):
            return event.timestamp, name, {field: getattr(event, field) for field in event.__slots__ if field != "timestamp"}
    raise InvariantError(f"the tape has no place for a {type(event).__name__}")


def _terms(terms: OrderTerms) -> dict[str, int | None]:
    """Terms under the names of the fields of an order."""
    return {name: value for name, value in terms._asdict().items() if name != "filled_micros"}


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
    """Check the chain from the first event to the last, that it is whole, and the bars; returns the number of events.

    Raises:
        DataError: There is no tape, or it was changed: the first bad event is named.
    """
    last, kinds = "", []
    for count, (sequence, timestamp, kind, payload, found) in enumerate(_rows(path, _EVENTS)):
        last = _link(last, count, timestamp, kind, payload)
        if sequence != count or last != found:
            raise BadDataError(
                f"{path}: the chain is broken at event {count}: the tape was changed after it was written; make the run again"
            )
        kinds.append(kind)
    if kinds[-1:] != [_LAST] or _LAST in kinds[:-1]:
        raise BadDataError(f"{path}: the last of {len(kinds)} events is not {_LAST}: events were cut off or added; make the run again")
    if inputs_hash(read_bars(path).values()) != read_header(path)["inputs_hash"]:
        raise BadDataError(f"{path}: the bars are not those the run saw: they were changed after it; make the run again")
    return len(kinds)


def read_bars(path: Path) -> dict[str, BarSeries]:
    """The bars a run saw, by symbol.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    columns: dict[str, dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]] = {}
    try:
        for symbol, name, blob in _rows(path, "SELECT symbol, name, data FROM bars ORDER BY symbol"):
            columns.setdefault(symbol, {})[name] = np.frombuffer(blob, dtype=column_type(name)).copy()
        return {symbol: _series(symbol, named) for symbol, named in columns.items()}
    except (TypeError, ValueError, LookupError, ArithmeticError, BadDataError) as error:  # a column too few or too many, or cut short
        raise BadDataError(f"{path}: the bars cannot be read: {error}; make the run again") from None


def _series(symbol: str, columns: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]) -> BarSeries:
    end = columns.pop("delisting", None)
    delisting = None if end is None else Delisting(int(end[0]), float(end[1]))
    return BarSeries(symbol, **columns, delisting=delisting)  # type: ignore[arg-type] # pay days are int64


def read_header(path: Path) -> dict[str, str]:
    """What the tape says of its run: run_id, mode, description, version, config and hashes.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    try:
        ((payload,),) = _rows(path, "SELECT payload FROM events WHERE sequence = 0")
        header: dict[str, str] = json.loads(payload)
        return {name: header[name] for name in _HEADER}
    except (TypeError, ValueError, KeyError):
        raise BadDataError(f"{path}: the first event cannot be read; make the run again") from None


def read_sectors(path: Path) -> dict[str, str]:
    """The sector of each of the run's symbols that had one.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    try:
        ((payload,),) = _rows(path, "SELECT payload FROM events WHERE sequence = 0")
        sectors: dict[str, str] = json.loads(payload)["sectors"]
        return dict(sectors)
    except (TypeError, ValueError, KeyError):
        raise BadDataError(f"{path}: the first event cannot be read; make the run again") from None


def read_transitions(path: Path) -> tuple[Transition, ...]:
    """What the circuit breakers did during a run, in the order it happened.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    rows = _rows(path, "SELECT timestamp, payload FROM events WHERE kind GLOB 'guard_*' ORDER BY sequence")
    try:
        return tuple(_transition(timestamp, json.loads(payload)) for timestamp, payload in rows)
    except (TypeError, ValueError, KeyError) as error:
        raise BadDataError(f"{path}: an event of the guards cannot be read: {error}; make the run again") from None


def _transition(timestamp: int, fields: dict[str, Any]) -> Transition:
    before, after = TradingState(fields["before"]), TradingState(fields["after"])
    return Transition(timestamp, fields["code"], before, after, float(fields["figure"]), float(fields["limit"]))


def read_account_events(path: Path) -> tuple[AccountEvent, ...]:
    """What happened to the account without a trade, in the order it happened.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    kinds = {name: kind for kind, name in _ACCOUNT_KINDS}
    rows = _rows(path, "SELECT timestamp, kind, payload FROM events ORDER BY sequence")
    try:
        return tuple(kinds[kind](timestamp=timestamp, **json.loads(payload)) for timestamp, kind, payload in rows if kind in kinds)
    except (TypeError, ValueError) as error:
        raise BadDataError(f"{path}: an event of the account cannot be read: {error}; make the run again") from None


def _rows(path: Path, query: str) -> list[Any]:
    if not path.is_file():
        raise MissingDataError(f"there is no tape at {path}")
    try:
        # A path as an address: characters such as ? and # keep their meaning in the name.
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.DatabaseError as error:
        raise BadDataError(f"{path} cannot be read as a tape: {error}; make the run again") from None
