"""The catalogue as a source of bars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from data.catalog import ADJUSTED, DEFAULT, RAW, Catalog, Series
from data.finding import FindingKind
from data.parts import days
from data.raw_bars import RawBars

if TYPE_CHECKING:
    from typing import Any

    from data.request import DataRequest


def read_catalog(symbol: str, request: DataRequest) -> RawBars:
    """The bars of ``symbol``: raw ones, or those adjusted by somebody else where ``adjust`` is ``none``.

    Raises ``MissingDataError`` when they are not there and ``BadDataError`` when they cannot be read.
    """
    catalog = Catalog(request.path or DEFAULT)
    series = Series(symbol, request.resolution, ADJUSTED if request.adjust == "none" else RAW)
    table: dict[str, Any] = catalog.read(series)
    times = table.pop("timestamp")
    when = days(times) if request.is_daily else times
    known = catalog.confirmed(series)
    confirmed = frozenset((int(np.searchsorted(times, time)) + 1, FindingKind(kind)) for time, kind in known)
    return RawBars(symbol, str(catalog.folder(series)), row=range(1, len(times) + 1), when=when, confirmed=confirmed, **table)


def with_actions_beside(request: DataRequest) -> DataRequest:
    """``request`` with the catalogue's own file of corporate actions, where none is named."""
    if request.source != "catalog" or request.actions is not None or request.adjust == "none":
        return request
    return replace(request, actions=Catalog(request.path or DEFAULT).actions)
