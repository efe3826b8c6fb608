"""Market data in: read, checked against the exchange calendar, adjusted for splits, as ``BarSeries``.

``load(DataRequest(...))`` is the way in. Importing this package costs neither numpy nor pandas; ``load`` is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.dataset import Dataset
from data.finding import Finding, FindingKind
from data.request import DataRequest

if TYPE_CHECKING:
    from data.loading import load

__all__ = ["DataRequest", "Dataset", "Finding", "FindingKind", "load"]


def __getattr__(name: str) -> object:
    """Import ``load`` when it is first asked for; raises ``AttributeError`` for any other name."""
    if name == "load":
        from data.loading import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
