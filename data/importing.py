"""Bars from elsewhere into the catalogue: read, checked, mended where policy says so, and written down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from data.backtrader_csv import read_backtrader
from data.catalog import ADJUSTED, RAW, Appended, Catalog, Series
from data.catalog_source import read_catalog
from data.finding import NS_PER_DAY, FindingKind
from data.lean import lean_symbols, read_lean
from data.loading import sessions_around
from data.parts import COLUMNS
from data.policy import refuse
from data.sample import SAMPLE_SYMBOLS, read_sample
from data.tables import raw_bars
from data.validation import validated
from framework.errors import BadDataError, ConfigError, DataError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from data.finding import Finding
    from data.raw_bars import RawBars
    from data.request import DataRequest
    from framework.domain.market import Floats, Integers

FORMATS = ("csv", "parquet", "lean", "backtrader", "sample")


class Imported(NamedTuple):
    """What became of one symbol: what was written, and what was found on the way."""

    series: Series
    written: Appended
    findings: tuple[Finding, ...]


class Checked(NamedTuple):
    """One series as it is stored: bars, first and last time (ns UTC), and what was found; ``error`` where it cannot be used at all."""

    series: Series
    bars: int
    first: int
    last: int
    findings: tuple[Finding, ...]
    error: str = ""


def symbols_in(path: Path, kind: str, resolution: str) -> list[str]:
    """The symbols that ``path``, a file or folder of the format ``kind``, holds.

    Raises ``ConfigError`` for a format that does not exist and ``MissingDataError`` where there is nothing.
    """
    if kind not in FORMATS:
        raise ConfigError(f"--format {kind!r} does not exist; choose {', '.join(FORMATS)}")
    if kind == "sample":
        return list(SAMPLE_SYMBOLS)
    if kind == "lean":
        return lean_symbols(path, resolution)
    suffix = "parquet" if kind == "parquet" else "csv"
    if path.is_file():
        return [path.stem.upper()]
    found = sorted(one.stem for one in path.glob(f"*.{suffix}")) if path.is_dir() else []
    if not found:
        raise MissingDataError(f"{path} holds no .{suffix} file; name a folder of SYMBOL.{suffix}, or one such file")
    return found


def import_bars(catalog: Catalog, path: Path, kind: str, request: DataRequest) -> Iterator[Imported]:
    """Take the bars of ``request.symbols`` in ``path`` into ``catalog``, one symbol after the other.

    Raw ones where ``request.adjust`` is ``splits`` or ``adj_close``, which names what they are checked with; else adjusted ones.

    Raises:
        ConfigError: ``kind`` does not exist, or the catalogue cannot be written.
        DataError: Bars are missing or unreadable, or have findings whose policy is to refuse; symbols before it are written.
    """
    for symbol in request.symbols:
        yield take_in(catalog, _read(symbol, path, kind, request), request)


def take_in(catalog: Catalog, raw: RawBars, request: DataRequest) -> Imported:
    """Check ``raw`` and write what is sound of it into ``catalog``.

    Raises:
        ConfigError: The catalogue cannot be written.
        DataError: Findings whose policy is to refuse.
    """
    kept, findings = _checked(raw, request)
    series = Series(raw.symbol, request.resolution, ADJUSTED if request.adjust == "none" else RAW)
    written = catalog.append(series, _stored(kept, request))
    catalog.confirm(series, _confirmed(raw, findings, request))
    return Imported(series, written, tuple(findings))


def check_series(catalog: Catalog, series: Series, request: DataRequest) -> Checked:
    """Read ``series`` with its checksums and check its bars as a run would."""
    adjust = "none" if series.kind == ADJUSTED else "splits"
    asked = replace(request, symbols=(series.symbol,), source="catalog", path=catalog.root, resolution=series.resolution, adjust=adjust)
    try:
        catalog.read(series, verify=True)
        raw = read_catalog(series.symbol, asked)
        _, findings = validated(raw, sessions_around([raw], asked), asked)
    except DataError as error:
        return Checked(series, 0, 0, 0, (), str(error))
    unit = NS_PER_DAY if asked.is_daily else 1
    return Checked(series, len(raw), int(raw.when[0]) * unit, int(raw.when[-1]) * unit, tuple(findings))


def _read(symbol: str, path: Path, kind: str, request: DataRequest) -> RawBars:
    if kind == "sample":
        return read_sample(symbol, request)
    if kind in {"csv", "parquet"}:
        from data.files import read_csv, read_parquet

        folder = path.parent if path.is_file() else path
        reader = read_csv if kind == "csv" else read_parquet
        return reader(symbol, replace(request, source=kind, path=folder))
    if kind == "lean":
        table, origin = read_lean(path, symbol, request.resolution, request.timezone), str(path)
    else:
        file = path if path.is_file() else path / f"{symbol}.csv"
        table, origin = read_backtrader(file), str(file)
    return raw_bars(symbol, origin, table, range(1, len(table) + 1), request)


def _checked(raw: RawBars, request: DataRequest) -> tuple[RawBars, Sequence[Finding]]:
    """The rows of ``raw`` that are sound, oldest first and as they were, and what was found."""
    bars, findings = validated(raw, sessions_around([raw], request), request)
    refuse(findings, request.policy, {raw.symbol: raw.origin})
    kept = raw.take(np.isin(raw.row, bars.row))
    kept = kept.take(np.argsort(kept.when, kind="stable"))
    lost = raw.take(~np.isin(raw.row, bars.row))
    events = np.asarray(lost.row)[(lost.dividend != 0.0) | (lost.split != 1.0)]
    if len(events):
        raise BadDataError(
            f"{raw.symbol}: row {events[0]} of {raw.origin} would be dropped, and has a dividend or a split; move that, or mend the bar"
        )
    return kept, findings


def _confirmed(raw: RawBars, findings: Sequence[Finding], request: DataRequest) -> list[tuple[int, str]]:
    """Times and kinds of what looks wrong and is declared, by the source or by policy, to be real; runs do not refuse it again."""
    doubtful = {FindingKind.SUSPECT_TICK, FindingKind.BAD_DIVIDEND, FindingKind.SPLIT_JUMP}
    rows = {*raw.confirmed, *((one.row, one.kind) for one in findings if one.kind in doubtful and one.row is not None)}
    unit = NS_PER_DAY if request.is_daily else 1
    return sorted((int(raw.when[np.asarray(raw.row) == row][0]) * unit, str(kind)) for row, kind in rows)


def _stored(raw: RawBars, request: DataRequest) -> Mapping[str, Floats | Integers]:
    return {"timestamp": raw.when * NS_PER_DAY if request.is_daily else raw.when, **{name: getattr(raw, name) for name in COLUMNS}}
