"""Reading a tape, a file or an address: bars, header, what guards and account did; and proof that nothing was changed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.domain.market import BarSeries, Delisting
from framework.errors import BadDataError, MissingDataError
from framework.rules.guards.state import TradingState, Transition
from framework.runtime.hashing import column_type, inputs_hash
from framework.runtime.tape.chain import START, Row, first_break
from framework.runtime.tape.facts import ACCOUNT_KINDS
from framework.runtime.tape.recording import LAST
from framework.runtime.tape.schema import SELECT_BARS, SELECT_EVENTS, SELECT_EVENTS_1

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from framework.domain.account_event import AccountEvent
    from framework.runtime.tape.chain import TapeEvent

_HEADER = ("run_id", "mode", "description", "version", "config", "inputs_hash", "config_hash")


def verify_tape(path: str | Path) -> int:
    """Check the chain from the first event to the last, that it is whole, and the bars; returns the number of events.

    Raises:
        DataError: There is no tape, or it was changed: the first bad event is named.
    """
    broken, last = first_break(START, _all_rows(path))
    if broken is not None:
        raise BadDataError(f"{path}: the chain is broken at event {broken}: the tape was changed after it was written; make the run again")
    count = last.sequence + 1
    ends = [sequence for (sequence,) in _rows(path, f"SELECT sequence FROM events WHERE kind = '{LAST}'")]  # noqa: S608 - our own word
    if ends != [last.sequence]:
        raise BadDataError(f"{path}: the last of {count} events is not {LAST}: events were cut off or added; make the run again")
    if inputs_hash(read_bars(path).values()) != read_header(path)["inputs_hash"]:
        raise BadDataError(f"{path}: the bars are not those the run saw: they were changed after it; make the run again")
    return count


def read_events(path: str | Path) -> Iterator[TapeEvent]:
    """Every event, in order.

    Raises:
        DataError: There is no tape, or it cannot be read.
        TapeError: An event's payload cannot be read.
    """
    return (row.read() for row in _all_rows(path))


def _all_rows(path: str | Path) -> Iterator[Row]:
    if isinstance(path, str):
        return (Row(*values) for values in _rows(path, f"{SELECT_EVENTS} ORDER BY sequence"))
    columns = {name for _, name, *_ in _rows(path, "PRAGMA table_info(events)")}
    select = SELECT_EVENTS if "key" in columns else SELECT_EVENTS_1
    return (Row(*values) for values in _rows(path, f"{select} ORDER BY sequence"))


def read_bars(path: str | Path) -> dict[str, BarSeries]:
    """The bars a run saw, by symbol.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    columns: dict[str, dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]] = {}
    try:
        for symbol, name, blob in _rows(path, SELECT_BARS):
            columns.setdefault(symbol, {})[name] = np.frombuffer(blob, dtype=column_type(name)).copy()
        return {symbol: _series(symbol, named) for symbol, named in columns.items()}
    except (TypeError, ValueError, LookupError, ArithmeticError, BadDataError) as error:  # a column too few or too many, or cut short
        raise BadDataError(f"{path}: the bars cannot be read: {error}; make the run again") from None


def _series(symbol: str, columns: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]) -> BarSeries:
    end = columns.pop("delisting", None)
    delisting = None if end is None else Delisting(int(end[0]), float(end[1]))
    return BarSeries(symbol, **columns, delisting=delisting)  # type: ignore[arg-type] # pay days are int64


def read_header(path: str | Path) -> dict[str, str]:
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


def read_mode(path: str | Path) -> str:
    """The mode of the run: backtest, paper or live.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    try:
        ((payload,),) = _rows(path, "SELECT payload FROM events WHERE sequence = 0")
        return str(json.loads(payload)["mode"])
    except (TypeError, ValueError, KeyError):
        raise BadDataError(f"{path}: the first event cannot be read; make the run again") from None


def read_sectors(path: str | Path) -> dict[str, str]:
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


def read_transitions(path: str | Path) -> tuple[Transition, ...]:
    """What the circuit breakers did during a run, in the order it happened.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    rows = _rows(path, "SELECT timestamp, payload FROM events WHERE kind LIKE 'guard%' ORDER BY sequence")
    try:
        return tuple(_transition(timestamp, json.loads(payload)) for timestamp, payload in rows)
    except (TypeError, ValueError, KeyError) as error:
        raise BadDataError(f"{path}: an event of the guards cannot be read: {error}; make the run again") from None


def _transition(timestamp: int, fields: dict[str, Any]) -> Transition:
    before, after = TradingState(fields["before"]), TradingState(fields["after"])
    return Transition(timestamp, fields["code"], before, after, float(fields["figure"]), float(fields["limit"]))


def read_account_events(path: str | Path) -> tuple[AccountEvent, ...]:
    """What happened to the account without a trade, in the order it happened.

    Raises:
        DataError: There is no tape, or it cannot be read.
    """
    kinds = {name: kind for kind, name in ACCOUNT_KINDS}
    rows = _rows(path, "SELECT timestamp, kind, payload FROM events ORDER BY sequence")
    try:
        return tuple(kinds[kind](timestamp=timestamp, **json.loads(payload)) for timestamp, kind, payload in rows if kind in kinds)
    except (TypeError, ValueError) as error:
        raise BadDataError(f"{path}: an event of the account cannot be read: {error}; make the run again") from None


def _rows(path: str | Path, query: str) -> Iterator[Any]:
    if isinstance(path, str):
        yield from _rows_there(path, query)
        return
    if not path.is_file():
        raise MissingDataError(f"there is no tape at {path}; name the folder of a run, or its tape.db")
    try:
        # A path as an address: characters such as ? and # keep their meaning in the name.
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            yield from connection.execute(query)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise BadDataError(f"{path} cannot be read as a tape: {error}; make the run again") from None


def _rows_there(address: str, query: str) -> Iterator[Any]:
    from framework.runtime.tape.database import told
    from framework.runtime.tape.postgres import PostgresBackend

    backend = PostgresBackend(address)
    with told(backend.place), backend.connect_to_read() as connection:
        yield from connection.exec_driver_sql(query.replace("%", "%%"))
