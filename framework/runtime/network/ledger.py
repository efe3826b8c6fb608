"""Where the processes of one credential write down what they sent: a file that one of them holds at a time."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Self

from framework.domain.request import Priority
from framework.errors import BrokerError
from framework.rules.pacing.window import Flight, Usage, Waiting, full

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from framework.engine.network import Clock
    from framework.rules.pacing.window import Pace


class Page:
    """The usage as it stands, and as it is to be written when the file is let go."""

    def __init__(self, usage: Usage) -> None:
        self.usage = usage


class UsageLedger:
    """The usage of one credential in a file. It outlives its processes; what cannot be read counts as everything just used."""

    def __init__(self, path: Path, pace: Pace, clock: Clock) -> None:
        self._path, self._pace, self._clock = path, pace, clock
        self._lock = threading.Lock()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._file = self._opened()
        except sqlite3.OperationalError as error:
            raise BrokerError(f"the request budget cannot be kept in {path}: {error}; check the folder and its permissions") from None
        except sqlite3.DatabaseError:
            # Not ours to mend: a fresh one, in which everything was just used.
            path.unlink(missing_ok=True)
            self._file = self._opened()
            self._write(full(pace, clock.now_ns()))

    def _opened(self) -> sqlite3.Connection:
        is_new = not self._path.exists()
        with ExitStack() as undo:
            file = undo.enter_context(closing(sqlite3.connect(self._path, timeout=10.0, isolation_level=None, check_same_thread=False)))
            if is_new:
                self._path.chmod(0o600)  # before anything is in it
            file.execute("PRAGMA journal_mode=WAL")
            # Nothing here is worth a sync: after a power loss the clock starts anew, and everything counts as just used.
            file.execute("PRAGMA synchronous=OFF")
            file.execute("CREATE TABLE IF NOT EXISTS usage (one INTEGER PRIMARY KEY CHECK (one = 1), page TEXT NOT NULL)")
            undo.pop_all()
            return file

    @contextmanager
    def page(self) -> Iterator[Page]:
        """The usage, which nobody else reads or writes meanwhile; it is written at the end, unless something was raised."""
        with self._lock:
            try:
                self._file.execute("BEGIN IMMEDIATE")
                with ExitStack() as undo:
                    undo.callback(self._roll_back)
                    page = Page(self._read())
                    yield page
                    self._write(page.usage)
                    self._file.execute("COMMIT")
                    undo.pop_all()
            except sqlite3.Error as error:
                raise BrokerError(f"the request budget in {self._path} cannot be kept: {error}; is the disk full?") from None

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):  # a full disk has rolled it back already
            self._file.execute("ROLLBACK")

    def _read(self) -> Usage:
        row = self._file.execute("SELECT page FROM usage").fetchone()
        if row is None:
            return Usage(saved_at=self._clock.now_ns())
        try:
            return _usage(json.loads(row[0]))
        except (ValueError, TypeError):
            return full(self._pace, self._clock.now_ns())

    def _write(self, usage: Usage) -> None:
        self._file.execute("INSERT OR REPLACE INTO usage VALUES (1, ?)", (json.dumps(usage),))

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _usage(page: object) -> Usage:
    if not isinstance(page, list) or len(page) != len(Usage._fields):
        raise ValueError("not a usage")
    flying, ended, waiting, *rest = page
    return Usage(
        tuple(Flight(str(ticket), int(until)) for ticket, until in flying),
        tuple(map(int, ended)),
        tuple(
            Waiting(str(ticket), Priority(priority), bool(is_order), int(arrived), int(seen))
            for ticket, priority, is_order, arrived, seen in waiting
        ),
        *(None if number is None else int(number) for number in rest),  # type: ignore[arg-type]
    )
