"""Writing the tape of a run that has ended, in one go: a backtest needs no event to be on disk before the next.

The first event holds the hash of the bars and the last one says that the run has ended, so that anything changed, removed or put in later
is found.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from framework.domain.values import to_micros
from framework.errors import ConfigError
from framework.runtime.hashing import column_bytes, columns_of
from framework.runtime.tape.chain import START, NewEvent, chained
from framework.runtime.tape.facts import new_event
from framework.runtime.tape.schema import SQLITE_STEPS, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from framework.domain.market import BarSeries
    from framework.domain.record import RunRecord

FIRST, LAST = "run_started", "run_ended"


def write_tape(record: RunRecord, path: Path) -> None:
    """Write the tape of ``record`` to ``path``, replacing an earlier one.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(";\n".join(step for version in sorted(SQLITE_STEPS) for step in SQLITE_STEPS[version]))
            connection.execute("INSERT INTO meta VALUES ('schema_version', ?)", (str(VERSION),))
            connection.executemany("INSERT INTO bars VALUES (?, ?, ?)", bar_rows({**record.series, **record.finer}))
            connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", chained(START, events_of(record)))
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"cannot write the tape {path}: {error}; choose another folder with --out") from None


def bar_rows(series: Mapping[str, BarSeries]) -> Iterator[tuple[str, str, bytes]]:
    """The columns of ``series`` as rows of symbol, name and bytes."""
    for symbol, one in series.items():
        for name in columns_of(one):
            yield symbol, name, column_bytes(one, name)


def events_of(record: RunRecord) -> Iterator[NewEvent]:
    """What the tape of ``record`` says, in order."""
    start, end = int(record.timestamps[0]), int(record.timestamps[-1])
    yield NewEvent(start, FIRST, _header(record))
    for event in record.events:
        yield new_event(event)
    yield NewEvent(end, LAST, {"decisions_hash": record.decisions_hash, "final_equity": repr(float(record.equity[-1]))})


def _header(record: RunRecord) -> dict[str, object]:
    return {
        "run_id": record.run_id,
        "mode": record.mode,
        "cash_micros": to_micros(record.initial_cash),
        "description": record.description,
        "version": record.version,
        "config": record.config_text,
        "inputs_hash": record.inputs_hash,
        "config_hash": record.config_hash,
        "sectors": dict(record.sectors),
    }
