"""The history a session began with, as plain data on the tape, and back: numbers come back bit for bit."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.domain.market import BarSeries, Delisting
from framework.errors import BadDataError
from framework.runtime.hashing import COLUMNS, column_bytes, column_type, columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def written_series(series: BarSeries) -> dict[str, object]:
    """The columns of ``series``, packed."""
    packed = {name: base64.b64encode(zlib.compress(column_bytes(series, name))).decode() for name in columns_of(series)}
    return {"symbol": series.symbol, "columns": packed}


def read_series(payload: Mapping[str, Any]) -> BarSeries:
    """The bars in ``payload``.

    Raises:
        BadDataError: They cannot be read.
    """
    try:
        packed = payload["columns"]
        names = [*COLUMNS, *(name for name in ("pay_day", "delisting") if name in packed)]
        columns = {name: np.frombuffer(zlib.decompress(base64.b64decode(packed[name])), dtype=column_type(name)).copy() for name in names}
        end = columns.pop("delisting", None)
        delisting = None if end is None else Delisting(int(end[0]), float(end[1]))
        return BarSeries(payload["symbol"], **columns, delisting=delisting)  # type: ignore[arg-type] # times and pay days are int64
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise BadDataError(f"the history on the tape cannot be read: {error!r}") from None
