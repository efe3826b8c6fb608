"""The tape of a finished run into a PostgreSQL schema: the rows and hashes that its file would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from framework.runtime.tape.addresses import forget_backtest
from framework.runtime.tape.chain import START, chained
from framework.runtime.tape.database import told
from framework.runtime.tape.migration import migrate
from framework.runtime.tape.postgres import PostgresBackend
from framework.runtime.tape.recording import bar_rows, events_of
from framework.runtime.tape.schema import INSERT_EVENT

if TYPE_CHECKING:
    from framework.domain.record import RunRecord

_EVENT = text(INSERT_EVENT)
_BARS = text("INSERT INTO bars VALUES (:symbol, :name, :data)")


def write_tape_to(record: RunRecord, place: str) -> None:
    """Write the tape of ``record`` to the address ``place``, replacing an earlier one of the same folder.

    Raises:
        ConfigError: The schema has something else.
        TapeError: The database does not answer, or could lose what is written to it.
    """
    forget_backtest(place)
    backend = PostgresBackend(place)
    bars = [{"symbol": symbol, "name": name, "data": data} for symbol, name, data in bar_rows({**record.series, **record.finer})]
    with told(backend.place), backend.connect() as connection:
        migrate(backend, connection)
        connection.rollback()
        with connection.begin():
            connection.execute(_EVENT, [row._asdict() for row in chained(START, events_of(record))])
            if bars:
                connection.execute(_BARS, bars)
