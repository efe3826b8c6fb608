"""A tape in an SQLite file."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from sqlalchemy import NullPool, create_engine

from framework.errors import ConfigError, LeaseHeldError, TapeError
from framework.runtime.clock import steady_ns
from framework.runtime.tape.backend import stored_version
from framework.runtime.tape.schema import SQLITE_STEPS

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.exc import DBAPIError

    from framework.runtime.tape.lease import LeaseRow

BUSY_SECONDS = 5.0
#: Room for some thousand events on a disk that is full.
RESERVE_BYTES = 1024 * 1024
#: The write-ahead log is cut back to this size whenever it has been copied into the file.
MAX_LOG_BYTES = 64 * 1024 * 1024
_DURABLE = (("journal_mode", "wal"), ("synchronous", 2))


class SqliteBackend:
    """The file at ``path``, its ``.lock``, its ``.mark`` and its ``.reserve``; a local disk only."""

    steps = SQLITE_STEPS

    def __init__(self, path: Path) -> None:
        self.place = str(path)
        self.mark: Path | None = path.with_name(f"{path.name}.mark")
        self._path = path
        self._reserve = path.with_name(f"{path.name}.reserve")
        self._engine = create_engine("sqlite://", creator=self._open_file, poolclass=NullPool)
        self._lock_file: TextIO | None = None
        self._claims: set[str] = set()

    def _open_file(self) -> sqlite3.Connection:
        # compat: isolation_level None leaves transactions to us on every Python from 3.11.
        return sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    def exists(self) -> bool:
        """See Backend."""
        return self._path.is_file() and self._path.stat().st_size > 0

    def connect_to_read(self) -> Connection:
        """See Backend."""
        return self._engine.connect()

    def connect(self) -> Connection:
        """See Backend."""
        connection = self._engine.connect()
        for name, value in (*_DURABLE, ("journal_size_limit", MAX_LOG_BYTES), ("fullfsync", 1), ("checkpoint_fullfsync", 1)):
            connection.exec_driver_sql(f"PRAGMA {name} = {value}")
        for name, value in _DURABLE:
            found = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            if found != value:
                connection.close()
                raise TapeError(f"{self.place}: SQLite says {name} = {found}, not {value}: what is written could be lost; use a local disk")
        connection.rollback()
        return connection

    def begin(self, connection: Connection) -> None:
        """See Backend."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def begin_change(self, connection: Connection) -> None:
        """See Backend."""
        self.begin(connection)

    def version(self, connection: Connection) -> int:
        """See Backend."""
        tables = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "meta" in tables:
            return stored_version(connection)
        return 1 if "events" in tables else 0

    def now(self, connection: Connection) -> int:  # noqa: ARG002 - a file has no clock: it is this machine's, since it started
        """See Backend."""
        return steady_ns()

    def is_held(self, row: LeaseRow, now: int, host: str) -> bool:
        """By this process; or by another machine that did not release it: this file is a copy, or the disk is shared.

        Of the other processes here the lock on the file tells.
        """
        return row.expires > (now if row.account in self._claims else 0) and (row.account in self._claims or row.host != host)

    def claim(self, account: str) -> None:
        """See Backend."""
        try:
            import fcntl
        except ImportError:
            raise ConfigError("a lease on an SQLite tape needs a system with flock; use PostgreSQL") from None
        if self._lock_file is None:
            file = self._path.with_name(f"{self._path.name}.lock").open("a+", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                raise LeaseHeldError(f"{self.place}: another process trades on this tape (it holds {file.name}); stop it first") from None
            self._lock_file = file
        self._claims.add(account)

    def unclaim(self, account: str) -> None:
        """See Backend."""
        self._claims.discard(account)
        if not self._claims and self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def unclaim_all(self) -> None:
        """See Backend."""
        for account in tuple(self._claims):
            self.unclaim(account)

    def check_pages(self, connection: Connection) -> None:
        """See Backend; what waits in the write-ahead log is copied and synced, for a log whose sync failed may be on no disk."""
        found = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check")]
        if found != ["ok"]:
            raise TapeError(f"{self.place}: the file is damaged: {found[0]}; use the last backup")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def back_up(self, connection: Connection, version: int) -> str:
        """See Backend."""
        copy = self._path.with_name(f"{self._path.name}.v{version}.bak")
        copy.unlink(missing_ok=True)
        connection.exec_driver_sql("VACUUM INTO ?", (str(copy),))
        return str(copy)

    def keep_reserve(self) -> None:
        """See Backend."""
        with suppress(OSError):  # no room even for that: the first write will say so
            if not self._reserve.exists():
                self._reserve.write_bytes(bytes(RESERVE_BYTES))

    def free_reserve(self, error: DBAPIError) -> str:
        """See Backend."""
        if _code(error) != sqlite3.SQLITE_FULL or not self._reserve.exists():
            return ""
        self._reserve.unlink()
        return f"; {self._reserve.name} was removed to make room for stops and exits: free the disk, and enter nothing new"

    def wrote_nothing(self, error: DBAPIError) -> bool:
        """See Backend."""
        return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CONSTRAINT}


def _code(error: DBAPIError) -> int:
    """SQLite's primary result code; an error without one is taken for the worst."""
    code: int = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_IOERR)
    return code & 0xFF
