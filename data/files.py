"""Folders of ``SYMBOL.csv`` and ``SYMBOL.parquet`` files, and DataFrames by symbol."""

from __future__ import annotations

import csv
import io
import warnings
from typing import TYPE_CHECKING

import numpy as np

from data.plain_csv import read_plainly
from data.policy import near
from data.tables import TIME_COLUMNS, column_name, raw_bars
from framework.errors import BadDataError, ConfigError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from data.raw_bars import RawBars
    from data.request import DataRequest
    from data.times import SameTimes


def read_csv(symbol: str, request: DataRequest) -> RawBars:
    """``path/SYMBOL.csv``: a header line, UTF-8, comma-separated.

    Raises ``MissingDataError`` when it is not there and ``BadDataError``, naming row and column, when it cannot be read.
    """
    path = _locate(symbol, request, "csv")
    content = _utf8(path)
    plain = read_plainly(symbol, str(path), content, request)
    if plain is not None:
        return plain
    table = _parsed_csv(content, path)
    row = np.arange(2, len(table) + 2)  # the header is line 1
    filled = table.notna().any(axis=1).to_numpy()  # a blank line is not a bar
    return raw_bars(symbol, str(path), table[filled], row[filled], request)


def read_parquet(symbol: str, request: DataRequest) -> RawBars:
    """``path/SYMBOL.parquet``, with the columns of a CSV file or a DatetimeIndex.

    Raises ``MissingDataError`` when it or pyarrow is not there and ``BadDataError`` when it cannot be read.
    """
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingDataError('[data] source = "parquet" needs pyarrow; remedy: pip install "onetape[parquet]"') from None
    path = _locate(symbol, request, "parquet")
    try:
        table = ParquetFile(path).read().to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise BadDataError(f"{path} cannot be read as Parquet: {error}") from None
    return raw_bars(symbol, str(path), table, range(1, len(table) + 1), request)


def rows_in_parquet(request: DataRequest) -> int:
    """How many bars the Parquet files of a request say that they hold together; 0 for other sources and where one is not there."""
    if request.source != "parquet" or request.path is None:
        return 0
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_metadata

        return sum(read_metadata(request.path / f"{symbol}.parquet").num_rows for symbol in request.symbols)
    except (ImportError, ArrowException, OSError):
        return 0  # who reads them says what is wrong


def read_frame(symbol: str, frames: Mapping[str, pd.DataFrame], request: DataRequest, known: SameTimes) -> RawBars:
    """The DataFrame of ``symbol``, with a DatetimeIndex or a column timestamp or date; it is not changed and not kept.

    ``known`` has the times of the one before.

    Raises ``MissingDataError`` when there is none.
    """
    if symbol not in frames:
        given = ", ".join(sorted(frames)) or "nothing"
        raise MissingDataError(f"no DataFrame for {symbol}{near(symbol, frames)}; given: {given}")
    table = frames[symbol]
    return raw_bars(symbol, f"the DataFrame of {symbol}", table, range(1, len(table) + 1), request, known)


def _locate(symbol: str, request: DataRequest, suffix: str) -> Path:
    folder = request.path
    if folder is None:
        raise ConfigError(
            f'[data] {request.key("path")} is not set: source = "{request.source}" needs the folder that holds {symbol}.{suffix}'
        )
    if not folder.is_dir():
        siblings = _names(folder.parent) if folder.parent.is_dir() else []
        raise MissingDataError(f"[data] {request.key('path')} = {str(folder)!r} is not a folder{near(folder.name, siblings)}")
    names = _names(folder)
    name = f"{symbol}.{suffix}"
    if name not in names:
        present = [entry for entry in names if entry.endswith(f".{suffix}")]
        raise MissingDataError(f"{folder / name} is not there{near(name, names)}; the folder holds {_listed(present, suffix)}")
    return folder / name


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise MissingDataError(f"{folder} cannot be read: {error.strerror}") from None


def _listed(names: list[str], suffix: str) -> str:
    if not names:
        return f"no .{suffix} file"
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more


def _utf8(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadDataError(f"{path} is not UTF-8: byte {content[error.start]:#04x} at offset {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise MissingDataError(f"{path} cannot be read: {error.strerror}") from None
    if not content.strip():
        raise BadDataError(f"{path} is empty: a header line and at least two bars are needed")
    return content


def _parsed_csv(content: bytes, path: Path) -> pd.DataFrame:
    import pandas as pd

    header = next(csv.reader(io.StringIO(content.split(b"\n", 1)[0].decode("utf-8-sig"))), [])
    times = {name: object for name in header if column_name(name) in TIME_COLUMNS}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # the warning that values beyond the header are thrown away
            return pd.read_csv(
                io.BytesIO(content), encoding="utf-8-sig", dtype=times, index_col=False, skip_blank_lines=False, low_memory=False
            )
    except pd.errors.ParserWarning:
        raise BadDataError(f"{path}: rows have more values than the header has names; numbers are written without commas") from None
    except pd.errors.ParserError as error:
        raise BadDataError(f"{path} is not a comma-separated table: {error}") from None
