"""How many settings were ever tried on the same bars: the best of many is luck in part, and only who counts can say how much."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from framework.domain.market import Floats

_SECONDS = 30.0


class Entry(NamedTuple):
    """One setting and the annual Sharpe ratio it came to, ``None`` where it has none.

    Two entries with one ``setting`` (a hash of everything but the bars) are one trial, however often it ran.
    """

    setting: str
    sharpe: float | None


class TrialLedger:
    """The trials of a project in an SQLite file, by strategy and bars; several processes may write at once.

    Raises:
        ConfigError: (All methods) the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, strategy: str, inputs_hash: str, entries: Iterable[Entry]) -> None:
        """Write down that ``strategy`` was tried over these bars; a setting that is known already is no new trial."""
        with self._opened() as connection:
            rows = ((strategy, inputs_hash, *entry) for entry in entries)
            connection.executemany("INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?)", rows)

    def sharpes(self, strategy: str, inputs_hash: str) -> Floats:
        """The annual ratio of every trial of ``strategy`` over these bars, float64 [trials]; NaN where a trial has none."""
        with self._opened() as connection:
            question = "SELECT sharpe FROM trials WHERE strategy = ? AND inputs_hash = ?"
            found = connection.execute(question, (strategy, inputs_hash)).fetchall()
        return np.array([np.nan if ratio is None else ratio for (ratio,) in found], dtype=np.float64)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_SECONDS)) as connection, connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS trials (strategy TEXT, inputs_hash TEXT, setting TEXT, sharpe REAL, "
                    "PRIMARY KEY (strategy, inputs_hash, setting)) WITHOUT ROWID"
                )
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"the ledger of trials {self._path} cannot be used: {error}; move it away, or make its folder writable"
            ) from None
