"""Bars as a source gave them, before anything is checked, mended or adjusted."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.finding import FindingKind
    from framework.domain.market import Delisting, Floats, Integers

    #: Numbers of rows: int64[n], or a range where none is left out.
    Rows = Integers | range


@dataclass(frozen=True, slots=True, eq=False)
class RawBars:
    """Rows of one symbol in the order of the source; columns of one length.

    Attributes:
        symbol: Whose bars.
        origin: Where they came from, for messages: a file, "the sample", "the given DataFrame".
        row: How the source numbers the row.
        when: int64. Daily: days since 1970 of the session's date. Intraday: the bar's close, ns UTC.
        open, high, low, close: float64, dollars a share of that day; NaN where the source has none.
        volume: float64, shares of that day; NaN where the source has none.
        dividend: float64, dollars a share of that day, on the ex date; 0 elsewhere.
        split: float64, new shares for one old one, effective before this row's open; 1 elsewhere.
        adj_close: float64, the source's own adjusted close; NaN when it is not used.
        pay_day: int64, the day this row's dividend is paid, days since 1970; 0 for the ex date.
        delisting: When the share stopped trading, and what its holders were paid.
        confirmed: Row and kind of findings that the source declares to be real.
    """

    symbol: str
    origin: str
    row: Rows
    when: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    dividend: Floats
    split: Floats
    adj_close: Floats
    pay_day: Integers
    delisting: Delisting | None = None
    confirmed: frozenset[tuple[int, FindingKind]] = frozenset()

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: Integers | NDArray[np.bool_]) -> RawBars:
        """The rows that ``index`` (positions or a mask) picks, as copies; these bars where a mask picks all of them."""
        if index.dtype == bool and index.all():
            return self
        names = (field.name for field in fields(self) if field.name not in {"symbol", "origin", "delisting", "confirmed"})
        columns: dict[str, Any] = {name: np.asarray(getattr(self, name))[index] for name in names}
        return replace(self, **columns)
