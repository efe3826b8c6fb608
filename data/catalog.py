"""The local catalogue: bars by resolution, kind (raw or adjusted) and symbol, with the corporate actions beside them.

    catalog/resolution=1d/kind=raw/symbol=AAPL/000001.parquet
    catalog/actions.csv
    catalog/universes/sp500.csv

Daily bars stand at midnight UTC of their session's date, intraday ones at their close.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from data.adjustment import later_splits
from data.parts import COLUMNS, MOST_PARTS, MOST_ROWS, PRICES, arrow, batches, compact, part_paths, read_parts, write_part
from data.policy import near
from framework.errors import MissingDataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from framework.domain.market import Floats, Integers

RAW, ADJUSTED = KINDS = ("raw", "adjusted")
DEFAULT = Path("catalog")
ACTIONS = "actions.csv"
CONFIRMED = "confirmed.csv"


class Series(NamedTuple):
    """Whose bars: symbol, resolution such as ``1d`` or ``5m``, and kind, ``raw`` (as traded) or ``adjusted`` (in shares of one day)."""

    symbol: str
    resolution: str = "1d"
    kind: str = RAW


class Appended(NamedTuple):
    """What became of bars: how many were new, how many replaced others of the same time, how many were there already."""

    new: int
    healed: int
    same: int


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Bars of N symbols on one time line: ``timestamp`` int64 [T] ns UTC; columns float64 [T, N], NaN where a symbol has no bar."""

    symbols: tuple[str, ...]
    timestamp: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


@dataclass(frozen=True, slots=True)
class Catalog:
    """A catalogue in the folder ``root``; several processes may read and write it at once."""

    root: Path

    def folder(self, series: Series) -> Path:
        """Where the parts of ``series`` lie."""
        return self.root / f"resolution={series.resolution}" / f"kind={series.kind}" / f"symbol={series.symbol}"

    @property
    def actions(self) -> Path | None:
        """The file of corporate actions, if there is one."""
        path = self.root / ACTIONS
        return path if path.is_file() else None

    def series(self) -> list[Series]:
        """Everything there is, sorted."""
        found = self.root.glob("resolution=*/kind=*/symbol=*")
        names = (dict(part.split("=") for part in path.parts[-3:]) for path in found if part_paths(path))
        return sorted(Series(**one) for one in names)

    def append(self, series: Series, columns: Mapping[str, Floats | Integers]) -> Appended:
        """Add bars (``timestamp`` ascending, and ``COLUMNS``); of a time that is there already the new bar counts, if it differs.

        What this returns is on disk for good.

        Raises:
            MissingDataError: PyArrow is not installed.
            ConfigError: The folder cannot be written.
        """
        arrow()
        folder = self.folder(series)
        changed, told = self._changed(folder, columns)
        for start in range(0, len(changed), MOST_ROWS):
            rows = changed[start : start + MOST_ROWS]
            write_part(folder, {name: columns[name][rows] for name in ("timestamp", *COLUMNS)})
        if len(part_paths(folder)) > MOST_PARTS and not _is_large(folder):
            compact(folder)
        return told

    def _changed(self, folder: Path, columns: Mapping[str, Floats | Integers]) -> tuple[Integers, Appended]:
        """The rows of ``columns`` that are to be written, and what they are."""
        times = columns["timestamp"]
        if not len(times) or not part_paths(folder) or times[0] > _last(folder):
            return np.arange(len(times)), Appended(len(times), 0, 0)
        known = read_parts(folder)
        place = np.minimum(np.searchsorted(known["timestamp"], times), len(known["timestamp"]) - 1)
        there = known["timestamp"][place] == times
        same = there.copy()
        for name in COLUMNS:
            old, new = known[name][place], columns[name]
            same &= (old == new) | ((old != old) & (new != new))  # noqa: PLR0124 - NaN is the same as NaN
        return np.flatnonzero(~same), Appended(int((~there).sum()), int((there & ~same).sum()), int(same.sum()))

    def read(self, series: Series, names: tuple[str, ...] = COLUMNS, *, verify: bool = False) -> dict[str, Floats | Integers]:
        """``timestamp`` and the columns ``names`` of ``series``.

        Raises:
            MissingDataError: It is not there; the message names what is near, or PyArrow is not installed.
            BadDataError: A part cannot be read.
        """
        arrow()
        folder = self.folder(series)
        if not part_paths(folder):
            raise self._missing(series)
        return read_parts(folder, names, verify=verify)

    def _missing(self, series: Series) -> MissingDataError:
        there = self.series()
        symbols = [one.symbol for one in there if one[1:] == series[1:]]
        alike = sorted({f"{one.resolution} {one.kind}" for one in there if one.symbol == series.symbol})
        what = f"{series.symbol} {series.resolution} {series.kind}"
        known = f"; of {series.symbol} there is {', '.join(alike)}" if alike else near(series.symbol, symbols)
        remedy = "`onetape data list` shows what is there, `onetape data import` adds to it"
        return MissingDataError(f"the catalogue {self.root} has no {what}{known}; {remedy}")

    def arrays(
        self,
        symbols: Sequence[str],
        resolution: str = "1d",
        kind: str = RAW,
        start: int | None = None,
        end: int | None = None,
    ) -> Arrays:
        """Bars of ``symbols`` as arrays [T, N] from ``start`` to ``end`` (ns UTC, both included), in the shares of each one's last bar.

        They are what is stored: checked when they were imported, and by ``onetape data check``; ``data.load`` checks them again.

        Raises:
            MissingDataError: A symbol is not there.
            BadDataError: A part cannot be read.
        """
        wanted = sorted(symbols)
        names = (*PRICES, "split") if kind == RAW else PRICES
        tables = [_within(self.read(Series(symbol, resolution, kind), names), start, end) for symbol in wanted]
        return _aligned(tuple(wanted), tables)

    def confirm(self, series: Series, found: Sequence[tuple[int, str]]) -> None:
        """Declare findings of ``series``, as times (ns UTC) and kinds, to be real."""
        fresh = [one for one in found if one not in self.confirmed(series)]
        if fresh:
            with (self.folder(series) / CONFIRMED).open("a", encoding="utf-8") as file:  # a line is written whole by all systems
                file.write("".join(f"{time},{kind}\n" for time, kind in fresh))

    def confirmed(self, series: Series) -> frozenset[tuple[int, str]]:
        """What was declared to be real."""
        path = self.folder(series) / CONFIRMED
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return frozenset((int(time), kind) for time, _, kind in (line.partition(",") for line in lines))

    def scan(self, series: Series, rows: int = 100_000) -> Iterator[dict[str, Floats | Integers]]:
        """The bars of ``series`` in the order they were added, ``rows`` at a time: memory does not grow with them."""
        arrow()
        return batches(self.folder(series), rows)

    def query(self, sql: str) -> pd.DataFrame:
        """What DuckDB answers to ``sql`` over the view ``bars``: resolution, kind, symbol, timestamp and the columns of all series.

        Raises:
            MissingDataError: DuckDB is not installed, or the catalogue is empty.
        """
        try:
            import duckdb
        except ImportError:
            raise MissingDataError('queries need duckdb; remedy: pip install "onetape[catalog]"') from None
        if not self.series():
            raise MissingDataError(f"the catalogue {self.root} is empty; `onetape data import` adds to it")
        pattern = str(self.root / "resolution=*" / "kind=*" / "symbol=*" / "*.parquet").replace("'", "''")
        view = (
            f"CREATE VIEW bars AS SELECT * EXCLUDE (filename) FROM read_parquet('{pattern}', hive_partitioning=true, filename=true) "  # noqa: S608 - a path of ours, its quotes doubled
            "QUALIFY row_number() OVER (PARTITION BY resolution, kind, symbol, timestamp ORDER BY filename DESC) = 1"
        )
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(view)
            found: pd.DataFrame = connection.execute(sql).df()
        return found


def _last(folder: Path) -> int:
    """The latest timestamp of a series, from the statistics of its parts."""
    import pyarrow.parquet as pq

    latest = np.iinfo(np.int64).min
    for path in part_paths(folder):
        with pq.ParquetFile(path) as file:
            meta = file.metadata
            stamps: list[Any] = [meta.row_group(group).column(0).statistics.max for group in range(meta.num_row_groups)]
        latest = max(latest, *(int(stamp.value) for stamp in stamps))
    return int(latest)


def _is_large(folder: Path) -> bool:
    """Parts that are full stay parts: to make one of them would need them all in memory."""
    return sum(path.stat().st_size for path in part_paths(folder)) > MOST_ROWS * 8 * len(COLUMNS)


def _within(table: dict[str, Floats | Integers], start: int | None, end: int | None) -> dict[str, Floats | Integers]:
    """``table`` adjusted for splits and cut to the range."""
    split = table.pop("split", None)
    if split is not None and (split != 1.0).any():
        shares = later_splits(np.asarray(split, dtype=np.float64))
        table = {
            name: column * shares if name == "volume" else column if name == "timestamp" else column / shares
            for name, column in table.items()
        }
    times = table["timestamp"]
    first = 0 if start is None else int(np.searchsorted(times, start))
    last = len(times) if end is None else int(np.searchsorted(times, end, "right"))
    return table if (first, last) == (0, len(times)) else {name: column[first:last] for name, column in table.items()}


def _aligned(symbols: tuple[str, ...], tables: Sequence[Mapping[str, Floats | Integers]]) -> Arrays:
    times = [table["timestamp"] for table in tables]
    line = times[0] if all(np.array_equal(one, times[0]) for one in times[1:]) else np.unique(np.concatenate(times))
    whole = [len(one) == len(line) for one in times]
    columns: dict[str, Any] = {}
    for name in PRICES:
        found = np.full((len(symbols), len(line)), np.nan)
        for row, table in enumerate(tables):
            found[row, slice(None) if whole[row] else np.searchsorted(line, times[row])] = table[name]
        columns[name] = found.T
    return Arrays(symbols, np.asarray(line), **columns)
