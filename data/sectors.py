"""Which sector is a symbol in? A shipped table, and a file of one's own on top of it.

``sectors.csv`` beside this file has ``symbol,sector`` for the larger US companies, a few others and the usual funds. It is our own broad
classification of what a company mainly does, and follows no vendor's (GICS and ICB are licensed, and differ for some). It stands
as of about spring 2025, with some former tickers (FB, SQ) beside the present ones. It has no history: a company that has changed its
business is in one sector for all of its past. A symbol that is not listed is in no sector of the table, and the limits take all such
symbols as one.

An override, ``[limits] sectors_file = "mine.csv"``, has the same two columns and only the rows that differ or are new::

    symbol,sector
    GOOG,information_technology
    ZZZZ,energy

Its sectors are those of the table: communication_services, consumer_discretionary, consumer_staples, energy, financials, fund, health_care,
industrials, information_technology, materials, real_estate, utilities.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from data.policy import near
from framework.domain.values import SYMBOL_PATTERN
from framework.errors import BadDataError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTORS_FILE = Path(__file__).with_name("sectors.csv")
COLUMNS = ("symbol", "sector")


def sector_map(override: Path | None = None) -> Mapping[str, str]:
    """Sector by symbol: the shipped table, with the rows of ``override`` (the same two columns, UTF-8) in place of its own.

    An override may use the sectors of the table only, so that a slip of the pen does not open a sector with a limit of its own.

    Raises:
        MissingDataError: ``override`` is not there.
        BadDataError: It cannot be read; the message names file, line and remedy.
    """
    shipped = _shipped()
    return MappingProxyType({**shipped, **_checked(override, sorted(set(shipped.values())))}) if override else shipped


@cache
def _shipped() -> Mapping[str, str]:
    return MappingProxyType({symbol: sector for _, symbol, sector in _rows(SECTORS_FILE)})


def _checked(path: Path, sectors: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line, symbol, sector in _rows(path):
        if not SYMBOL_PATTERN.match(symbol):
            raise BadDataError(f"{path}:{line}: {symbol!r} is not a US equity symbol; write it as AAPL or BRK.B")
        if sector not in sectors:
            raise BadDataError(f"{path}:{line}: there is no sector {sector!r}{near(sector, sectors)}; choose one of {', '.join(sectors)}")
        if found.setdefault(symbol, sector) != sector:
            raise BadDataError(f"{path}:{line}: {symbol} is in {found[symbol]} and in {sector}; name it once")
    return found


def _rows(path: Path) -> list[tuple[int, str, str]]:
    """(line, symbol, sector) of a file, blank lines left out."""
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except FileNotFoundError:
        raise MissingDataError(f"{path} is not there; it should hold the columns {','.join(COLUMNS)}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadDataError(f"{path} cannot be read as UTF-8 CSV: {error}") from None
    if not lines or tuple(name.strip().lower() for name in lines[0]) != COLUMNS:
        raise BadDataError(f"{path}:1: the first line must be {','.join(COLUMNS)}")
    cells = [(number, [cell.strip() for cell in line]) for number, line in enumerate(lines[1:], start=2)]
    wrong = next((number for number, line in cells if len(line) not in {0, len(COLUMNS)}), None)
    if wrong is not None:
        raise BadDataError(f"{path}:{wrong}: a row has two columns, {','.join(COLUMNS)}")
    return [(number, line[0], line[1]) for number, line in cells if line]
