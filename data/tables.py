"""A table of any source (CSV, Parquet, DataFrame) -> ``RawBars``: which columns it must have, and numbers that are numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from data.days import EPOCH, days_of
from data.raw_bars import RawBars
from data.times import SameTimes
from framework.domain.values import HIGHEST_PRICE
from framework.errors import BadDataError
from framework.rules.account.splits import MOST_SHARES, RATIOS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from data.raw_bars import Rows
    from data.request import DataRequest
    from framework.domain.market import Floats, Integers

TIME_COLUMNS = ("timestamp", "date")
BAR_COLUMNS = ("open", "high", "low", "close", "volume")
EVENT_COLUMNS = ("dividend", "split")
PAY_COLUMN = "pay_date"
#: Cells of a table that is tried without asking for the types of its columns, which takes longer than to look at them.
SMALL = 50_000


def raw_bars(symbol: str, origin: str, table: pd.DataFrame, row: Rows, request: DataRequest, known: SameTimes | None = None) -> RawBars:
    """The columns of ``table`` that are used, as ``RawBars``; ``row`` is how the source numbers its rows.

    ``known`` has the times of the table before.

    Raises ``BadDataError`` that names the source, the row and the column for whatever cannot be read.
    """
    given = table.columns.tolist()
    names = [column_name(name) for name in given]
    if names != given:
        table = table.set_axis(names, axis=1)
    times = _time_column(table, names, origin)
    wanted = [*BAR_COLUMNS, *(["adj_close"] if request.adjust == "adj_close" else [])]
    _check_columns(names, wanted, origin)
    if len(table) == 0:
        raise BadDataError(f"{origin} has a header and no rows: at least two bars are needed")
    used = [name for name in [*wanted, *EVENT_COLUMNS] if name in names]
    numbers = _plain_numbers(table, names, used) or {name: _numbers(table, name, row, origin) for name in used}
    when = (SameTimes() if known is None else known).parse(times, row, origin, request)
    raw = from_columns(symbol, origin, row, when, numbers)
    if PAY_COLUMN not in names:
        return raw
    return replace(raw, pay_day=_pay_days(table, raw.dividend, days_of(when, request), row, origin))


def from_columns(symbol: str, origin: str, row: Rows, when: Integers, numbers: Mapping[str, Floats]) -> RawBars:
    """``RawBars`` of columns that are numbers already; each dividend is paid on its ex date.

    Raises ``BadDataError`` for a dividend or a split that cannot be.
    """
    return RawBars(
        symbol=symbol,
        origin=origin,
        row=row,
        when=when,
        open=numbers["open"],
        high=numbers["high"],
        low=numbers["low"],
        close=numbers["close"],
        volume=numbers["volume"],
        dividend=_events(numbers.get("dividend"), "dividend", row, origin),
        split=_events(numbers.get("split"), "split", row, origin),
        adj_close=numbers.get("adj_close", repeated(math.nan, len(row))),
        pay_day=repeated(0, len(row)),
    )


def repeated(value: float, length: int) -> NDArray[Any]:
    """``value`` in ``length`` places and the memory of one, read-only; ``np.broadcast_to`` takes 15 microseconds."""
    one = np.array([value])
    one.flags.writeable = False
    return np.ndarray((length,), one.dtype, one, 0, (0,))


def column_name(name: object) -> str:
    """A column's name as it is compared: lower case, blanks as underscores, so that ``Adj Close`` is ``adj_close``."""
    return str(name).strip().lower().replace(" ", "_")


def _time_column(table: pd.DataFrame, names: list[str], origin: str) -> pd.Series | pd.DatetimeIndex:
    import pandas as pd

    found: list[pd.Series | pd.DatetimeIndex] = [table[name] for name in TIME_COLUMNS if names.count(name) == 1]
    if isinstance(table.index, pd.DatetimeIndex):
        found.append(table.index)
    if len(found) != 1:
        present, hint = ", ".join(names), _header_hint(names)
        raise BadDataError(f"{origin}: {len(found)} columns of time, need one, named timestamp or date; present: {present}{hint}")
    return found[0]


def _header_hint(names: list[str]) -> str:
    """What is often behind columns that nobody knows: no header at all, or another character between the cells."""
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        return "; the cells of the file must be parted by commas"
    if sum(name[:1].isdigit() for name in names) > len(names) / 2:
        return "; the first line seems to be a bar already: put timestamp,open,high,low,close,volume above it"
    return ""


def _check_columns(names: list[str], wanted: list[str], origin: str) -> None:
    missing = [name for name in wanted if name not in names]
    if missing:
        remedy = '; it is needed for [data] adjust = "adj_close", else set adjust = "splits"' if missing == ["adj_close"] else ""
        raise BadDataError(f"{origin}: no column {', '.join(missing)}; present: {', '.join(names)}{remedy}")
    twice = [name for name in (*wanted, *EVENT_COLUMNS, PAY_COLUMN) if names.count(name) > 1]
    if twice:
        raise BadDataError(f"{origin}: column {twice[0]} stands there {names.count(twice[0])} times (case is ignored); keep one")
    for name in names:
        meant = [event for event in EVENT_COLUMNS if event in name and event != name]
        if meant:
            raise BadDataError(f"{origin}: column {name} is not read; if it holds what {meant[0]} means, name it so, else remove it")


def _plain_numbers(table: pd.DataFrame, names: list[str], used: list[str]) -> dict[str, Floats]:
    """The columns ``used`` of a table of plain numbers; none of any other table.

    They are not copied: pandas copies what others still look at before it changes it, as long as there is a table that looks at it.
    """
    import pandas as pd

    # A small table with an index of times is likely to hold numbers alone; of any other an object would be made for each cell.
    is_likely = isinstance(table.index, pd.DatetimeIndex) and table.size <= SMALL
    if not is_likely and not all(isinstance(kind, np.dtype) and kind.kind in "iuf" for kind in table.dtypes):
        return {}
    seen = table.copy(deep=False)
    numbers = seen.to_numpy()
    if numbers.dtype.kind not in "iuf":
        return {}
    block = np.asarray(_Looked(numbers, seen))
    columns = {name: block[:, place] for place, name in enumerate(names) if name in used}
    if block.dtype == np.float64 and block.flags.f_contiguous:
        return columns
    return {name: column.astype(np.float64) for name, column in columns.items()}


class _Looked:
    """An array, and the table in whose memory it may lie: that lives as long as whatever is made of this."""

    def __init__(self, array: NDArray[Any], owner: pd.DataFrame) -> None:
        self.__array_interface__ = array.__array_interface__
        self._kept = array, owner


def _numbers(table: pd.DataFrame, name: str, row: Rows, origin: str) -> Floats:
    import pandas as pd

    column = table[name]
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
        return column.to_numpy(dtype=np.float64, copy=True)
    if column.dtype.kind in "iuf":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = pd.to_numeric(column.astype(object).where(column.notna(), None).map(_text_or_none), errors="coerce")
    bad = np.flatnonzero((numbers.isna() & column.notna()).to_numpy())
    if len(bad):
        text = str(column.iloc[bad[0]])
        raise BadDataError(f"{origin}, row {row[bad[0]]}, column {name}: {text!r} is not a number; write it like 1234.5")
    return numbers.to_numpy(dtype=np.float64)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _events(values: Floats | None, name: str, row: Rows, origin: str) -> Floats:
    nothing = 1.0 if name == "split" else 0.0
    if values is None:
        return repeated(nothing, len(row))  # one number, however many rows
    events = np.where(np.isnan(values), nothing, values)
    least, most = (1 / MOST_SHARES, MOST_SHARES) if name == "split" else (0.0, HIGHEST_PRICE)
    bad = np.flatnonzero(~((events >= least) & (events <= most)))
    if len(bad):
        meaning = (
            f"new shares for one old, {RATIOS}, 1 or blank where there is none"
            if name == "split"
            else f"dollars a share, from 0 to {HIGHEST_PRICE:,.0f}"
        )
        raise BadDataError(f"{origin}, row {row[bad[0]]}, column {name}: {events[bad[0]]:g}; a {name} is {meaning}")
    return events


def _pay_days(table: pd.DataFrame, dividend: Floats, days: Integers, row: Rows, origin: str) -> Integers:
    """Days since 1970 of the column ``pay_date``, 0 where it is blank; ``days`` are those of the rows."""
    found = np.zeros(len(row), dtype=np.int64)
    column = table[PAY_COLUMN]
    for index in np.flatnonzero(column.notna().to_numpy()):
        text = str(column.iloc[index])
        where = f"{origin}, row {row[index]}, column {PAY_COLUMN}: {text!r}"
        try:
            found[index] = (date.fromisoformat(text.removesuffix(" 00:00:00")) - EPOCH).days
        except ValueError:
            raise BadDataError(f"{where} is no date; write it as 2012-01-31") from None
        if not dividend[index]:
            raise BadDataError(f"{where} stands beside no dividend; leave it blank")
        if found[index] < days[index]:
            raise BadDataError(f"{where} is before the row's date, on which the dividend goes ex")
    return found
