"""The outcomes of a search on disk: Parquet files that appear whole or not at all, and are only ever added to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.errors import BadDataError, ConfigError
from framework.research.trial import Outcome, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from framework.domain.market import Integers

#: Before the name of a parameter, which may be that of a metric too.
PARAMETER = "params_"
#: Rows that are worth a file.
MOST_ROWS = 1_000
_READ_AT_ONCE = 10_000


class Store:
    """Outcomes in ``folder``, one row a trial: ``number``, ``params_...``, the metrics, ``error``.

    ``parameters`` are those that are searched, ``metrics`` what a trial that did not fail has, with their types; a metric may be null.

    Raises:
        ConfigError: PyArrow is not installed, or the folder cannot be written.
    """

    def __init__(self, folder: Path, parameters: Mapping[str, type], metrics: Mapping[str, type]) -> None:
        self._folder = folder
        self._parameters, self._metrics = tuple(parameters), tuple(metrics)
        self._rows: list[Outcome] = []
        self._schema = _schema(parameters, metrics)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("*.part"):  # a writer was killed
                path.unlink()
        except OSError as error:
            raise _unwritable(folder, error) from None
        self._next = max((int(path.stem) for path in self._paths()), default=-1) + 1

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Take ``outcomes``; they are on disk after ``flush``."""
        self._rows += outcomes

    @property
    def is_full(self) -> bool:
        """Whether it is time to flush."""
        return len(self._rows) >= MOST_ROWS

    def flush(self) -> list[Outcome]:
        """Put what was taken since the last time on disk, for good; returns it.

        Raises:
            ConfigError: It cannot be written.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows, self._rows = self._rows, []
        if not rows:
            return rows
        table = pa.Table.from_pylist([self._row(one) for one in rows], schema=self._schema)
        path = self._folder / f"{self._next:06d}.parquet"
        try:
            with path.with_suffix(".part").open("wb") as file:
                pq.write_table(table, file)
                file.flush()
                os.fsync(file.fileno())
            path.with_suffix(".part").replace(path)
        except OSError as error:
            raise _unwritable(self._folder, error) from None
        self._next += 1
        return rows

    def _row(self, outcome: Outcome) -> dict[str, Any]:
        params = {f"{PARAMETER}{name}": value for name, value in outcome.trial.params.items()}
        return {"number": outcome.trial.number, **params, **outcome.metrics, "error": outcome.error or None}

    def numbers(self) -> Integers:
        """Numbers of the trials on disk, int64, in the order they were written."""
        return np.concatenate([np.empty(0, np.int64), *(batch.column("number").to_numpy() for batch in self.batches(("number",)))])

    def outcomes(self) -> Iterator[Outcome]:
        """Everything on disk, as it was added."""
        for batch in self.batches():
            for row in batch.to_pylist():
                trial = Trial(row["number"], {name: row[PARAMETER + name] for name in self._parameters})
                yield Outcome(trial, {name: row[name] for name in self._metrics} if not row["error"] else {}, row["error"] or "")

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows on disk, some thousands at a time.

        Raises:
            BadDataError: A file is not what was written.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        for path in self._paths():
            try:
                with pq.ParquetFile(path) as file:
                    if not file.schema_arrow.equals(self._schema):
                        raise BadDataError(f"{path} has other columns than this search; remove the folder, or name another with --out")
                    yield from file.iter_batches(_READ_AT_ONCE, columns=columns)
            except (OSError, pa.ArrowInvalid) as error:
                raise BadDataError(f"{path} cannot be read: {error}; remove it, and its trials run again") from None

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Whole columns of the rows on disk, in the order they were written."""
        import pyarrow as pa

        return pa.Table.from_batches(self.batches(names), pa.schema([self._schema.field(name) for name in names]))

    def rows(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """The rows of these trials, in this order."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(numbers, pa.int64())
        found = [row for batch in self.batches() for row in batch.filter(pc.is_in(batch.column("number"), wanted)).to_pylist()]
        return sorted(found, key=lambda row: numbers.index(row["number"]))

    def frame(self) -> pd.DataFrame:
        """Everything on disk as a DataFrame, by number."""
        frame: pd.DataFrame = self.columns(self._schema.names).sort_by("number").to_pandas()
        return frame

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.parquet"))


def _schema(parameters: Mapping[str, type], metrics: Mapping[str, type]) -> pa.Schema:
    try:
        import pyarrow as pa
    except ImportError:
        raise ConfigError('the results of a sweep are Parquet files: pip install "onetape[research]"') from None
    types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    return pa.schema(
        [
            pa.field("number", pa.int64(), nullable=False),
            *(pa.field(PARAMETER + name, types[kind], nullable=False) for name, kind in parameters.items()),
            *(pa.field(name, types[kind]) for name, kind in metrics.items()),
            pa.field("error", pa.string()),
        ]
    )


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(f"cannot write the results into {folder}: {error.strerror}; choose another folder with --out")
