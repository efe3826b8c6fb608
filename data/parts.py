"""Bars of one series as Parquet parts in a folder: a part appears whole or not at all, and what is committed survives any kill.

A part is written beside its place, flushed to disk and then given its number, which no other writer can take as well. Where two parts have
a bar of one time the later part counts, so that bars are mended by adding, and readers never wait for writers.
"""

from __future__ import annotations

import os
from threading import get_ident
from typing import TYPE_CHECKING

import numpy as np

from data.finding import NS_PER_DAY
from framework.errors import BadDataError, ConfigError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

    from framework.domain.market import Floats, Integers

PRICES = ("open", "high", "low", "close", "volume")
#: Columns beside the timestamp; float64, but for ``pay_day``, int64.
COLUMNS = (*PRICES, "dividend", "split", "adj_close", "pay_day")
#: Bars of a part at most; more are cut into several.
MOST_ROWS = 1_000_000
#: Parts of a series beyond which they are made one.
MOST_PARTS = 32
_TRIES = 100


def arrow() -> None:
    """Raise ``MissingDataError``, which names the remedy, where PyArrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401 - to see whether it is there
    except ImportError:
        raise MissingDataError('the catalogue needs pyarrow; remedy: pip install "onetape[catalog]"') from None


def part_paths(folder: Path) -> list[Path]:
    """The parts of a series, oldest first."""
    return sorted(folder.glob("[0-9]*.parquet"))


def write_part(folder: Path, columns: Mapping[str, Floats | Integers], number: int | None = None) -> Path:
    """Put ``columns`` (``timestamp``, int64 ns UTC, and ``COLUMNS``) on disk for good as the next part, or as part ``number``.

    Raises:
        FileExistsError: There is a part ``number`` already.
        ConfigError: The folder cannot be written.
    """
    import pyarrow.parquet as pq

    path = folder / f".{os.getpid()}-{get_ident()}.part"  # one of this writer alone
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            pq.write_table(_table(columns), file, compression="lz4", write_page_checksum=True, use_dictionary=False)
            file.flush()
            os.fsync(file.fileno())
        try:
            placed = _placed(path, folder, number)
        finally:
            path.unlink()
        _flush(folder)
    except FileExistsError:
        raise
    except OSError as error:
        raise ConfigError(f"cannot write into the catalogue, {folder}: {error.strerror}") from None
    return placed


def _placed(path: Path, folder: Path, number: int | None) -> Path:
    """``path`` under its number; a link, unlike a rename, is refused where another writer was first."""
    for _ in range(_TRIES if number is None else 1):
        known = part_paths(folder)
        wanted = (int(known[-1].stem) + 1 if known else 1) if number is None else number
        place = folder / f"{wanted:06d}.parquet"
        try:
            os.link(path, place)
        except FileExistsError:
            if number is not None:
                raise
            continue
        return place
    raise ConfigError(f"{folder}: {_TRIES} times another writer was first; write it from fewer processes")


def _flush(folder: Path) -> None:
    """A new name is safe once its folder is on disk; systems that cannot open a folder do that themselves."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _table(columns: Mapping[str, Floats | Integers]) -> pa.Table:
    import pyarrow as pa

    stamps = pa.array(columns["timestamp"], pa.int64()).cast(pa.timestamp("ns", tz="UTC"))
    rest = {name: pa.array(columns[name], pa.int64() if name == "pay_day" else pa.float64()) for name in COLUMNS}
    return pa.table({"timestamp": stamps, **rest})


def read_parts(folder: Path, names: tuple[str, ...] = COLUMNS, *, verify: bool = False) -> dict[str, Floats | Integers]:
    """``timestamp`` (int64 ns UTC, ascending) and the columns ``names`` of a series as it is now; ``verify`` reads checksums too.

    Raises:
        MissingDataError: There is no part.
        BadDataError: A part cannot be read.
    """
    for _ in range(_TRIES):
        paths = part_paths(folder)
        if not paths:
            raise MissingDataError(f"{folder} holds no bars")
        try:
            return _merged([_columns(path, names, verify=verify) for path in paths], names)
        except FileNotFoundError:  # another process made one part of several; what it made has their bars
            continue
    raise BadDataError(f"{folder} changes faster than it can be read")


def _columns(path: Path, names: tuple[str, ...], *, verify: bool) -> dict[str, Floats | Integers]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=True, page_checksum_verification=verify) as file:
            table = file.read(["timestamp", *names], use_threads=False)
        found = {name: table.column(name).to_numpy() for name in names}
        return {"timestamp": table.column("timestamp").cast(pa.int64()).to_numpy(), **found}
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, KeyError) as error:
        raise BadDataError(f"{path} cannot be read: {error}; remove it and import its bars again") from None


def _merged(parts: list[dict[str, Floats | Integers]], names: tuple[str, ...]) -> dict[str, Floats | Integers]:
    if len(parts) == 1:
        return parts[0]
    whole: dict[str, Floats | Integers] = {name: np.concatenate([part[name] for part in parts]) for name in ("timestamp", *names)}
    times = whole["timestamp"]
    if (times[1:] > times[:-1]).all():
        return whole
    order = np.argsort(times, kind="stable")  # of one time the later part stays the later
    last = np.append(np.diff(times[order]) != 0, True)
    return {name: column[order[last]] for name, column in whole.items()}


def compact(folder: Path) -> None:
    """Make one part of all; bars that come in meanwhile stay, and readers see the same at every moment."""
    for _ in range(_TRIES):
        paths = part_paths(folder)
        if len(paths) < 2:
            return
        try:
            write_part(folder, read_parts(folder), int(paths[-1].stem) + 1)
        except FileExistsError:  # somebody appended, and would be overruled
            continue
        for path in paths:
            path.unlink(missing_ok=True)
        return


def batches(folder: Path, rows: int) -> Iterator[dict[str, Floats | Integers]]:
    """The bars of a series, ``rows`` at a time, part after part as they were added; memory does not grow with the series."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in part_paths(folder):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(rows):
                found = {name: batch.column(name).to_numpy() for name in COLUMNS}
                yield {"timestamp": batch.column("timestamp").cast(pa.int64()).to_numpy(), **found}


def days(timestamps: Integers) -> Integers:
    """Days since 1970 of the midnights that daily bars are stored at."""
    return timestamps // NS_PER_DAY
