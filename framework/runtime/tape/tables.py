"""Views as tables of a database, and as files; both are thrown away and made again whenever one likes."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.runtime.tape.views import COLUMNS, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from framework.runtime.tape.views import Row


def write_tables(connection: Connection, views: Mapping[str, Sequence[Row]]) -> dict[str, int]:
    """Replace the tables of all views inside the transaction of ``connection``; returns the rows of each."""
    from sqlalchemy import BigInteger, Column, MetaData, Table, Text

    catalog = MetaData()
    for name, columns in COLUMNS.items():
        table = Table(name, catalog, *(Column(column, Text() if is_text(column) else BigInteger()) for column in columns))
        table.drop(connection, checkfirst=True)
        table.create(connection)
        if views[name]:
            connection.execute(table.insert(), list(views[name]))
    return {name: len(views[name]) for name in COLUMNS}


def export_views(views: Mapping[str, Sequence[Row]], folder: Path, format_: str) -> list[Path]:
    """Write each view to a file in ``folder``; returns their paths.

    Args:
        views: As :func:`framework.runtime.tape.views.fold` gives them.
        folder: Made if need be.
        format_: csv, jsonl or parquet.

    Raises:
        ConfigError: There is no such format, the folder cannot be written, or Parquet is not installed.
    """
    writers: dict[str, Callable[[Path, tuple[str, ...], Sequence[Row]], None]] = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
    if format_ not in writers:
        raise ConfigError(f"--format {format_!r} is not known; choose {', '.join(writers)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = {name: folder / f"{name}.{format_}" for name in COLUMNS}
        for name, path in paths.items():
            writers[format_](path, COLUMNS[name], views[name])
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror}; choose another folder with --out") from None
    return list(paths.values())


def _csv(path: Path, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _jsonl(path: Path, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({name: row[name] for name in columns}) + "\n" for row in rows)


def _parquet(path: Path, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ConfigError("--format parquet needs pyarrow: pip install 'onetape[parquet]'") from None
    schema = pa.schema([(name, pa.string() if is_text(name) else pa.int64()) for name in columns])
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)
