"""The CSV files that most people have, read without pandas, whose import alone takes longer than a small backtest.

Daily bars, dates written 2012-01-31, a number in every cell, nothing quoted. Whatever is otherwise is left to the thorough reader, which
knows all forms and says what is wrong with a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.tables import BAR_COLUMNS, EVENT_COLUMNS, PAY_COLUMN, TIME_COLUMNS, column_name, from_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.raw_bars import RawBars
    from data.request import DataRequest
    from framework.domain.market import Floats, Integers

_NUMBER = "0123456789.+-eE"
#: Dates that can be told in ns since 1970.
_FIRST, _LAST = np.datetime64("1700-01-01"), np.datetime64("2200-01-01")


def read_plainly(symbol: str, origin: str, content: bytes, request: DataRequest) -> RawBars | None:
    """The bars of ``content``, the UTF-8 text of a file; ``None`` where it is not as plain as this reader wants it."""
    cells = _cells(content) if request.is_daily and request.adjust != "adj_close" else {}
    when = next((_days(cells[name]) for name in TIME_COLUMNS if name in cells), None)
    read = {name: _numbers(cells[name]) for name in (*BAR_COLUMNS, *EVENT_COLUMNS) if name in cells}
    numbers = {name: column for name, column in read.items() if column is not None}
    if when is None or len(numbers) < len(read):
        return None
    return from_columns(symbol, origin, range(2, len(when) + 2), when, numbers)


def _cells(content: bytes) -> dict[str, Sequence[str]]:
    """The columns by name; none unless each row has as many cells as the header, and the header one of time and all of a bar."""
    lines = content.decode("utf-8-sig").splitlines()
    names = [column_name(name) for name in lines[0].split(",")]
    rows = [line.split(",") for line in lines[1:]]
    if not rows or {len(row) for row in rows} != {len(names)} or len(set(names)) < len(names):
        return {}
    doubtful = [name for name in names if name == PAY_COLUMN or any(event in name and event != name for event in EVENT_COLUMNS)]
    if doubtful or not set(BAR_COLUMNS) <= set(names) or len(set(names) & set(TIME_COLUMNS)) != 1:
        return {}
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _days(cells: Sequence[str]) -> Integers | None:
    """Days since 1970 of dates written 2012-01-31."""
    if any(len(cell) != 10 or cell[4] != "-" or cell[7] != "-" for cell in cells):
        return None
    try:
        days = np.array(cells, dtype="datetime64[D]")
    except ValueError:
        return None
    return days.astype(np.int64) if days.min() > _FIRST and days.max() < _LAST else None


def _numbers(cells: Sequence[str]) -> Floats | None:
    if "".join(cells).strip(_NUMBER):
        return None
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return None
