"""Fingerprints of what a run was given: equal on every machine for equal bars."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framework.domain.market import BarSeries, Floats

#: The columns of a symbol's bars, in the order they are hashed and stored.
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split")


def inputs_hash(series: Iterable[BarSeries]) -> str:
    """SHA-256, hexadecimal, over symbol and columns of ``series``, sorted by symbol."""
    digest = hashlib.sha256()
    for one in sorted(series, key=lambda one: one.symbol):
        digest.update(one.symbol.encode())
        for name in COLUMNS:
            digest.update(column_bytes(one, name))
    return digest.hexdigest()


def column_type(name: str) -> str:
    """How a column's numbers are written: 8 bytes each, little-endian, on every machine."""
    return "<i8" if name == "timestamp" else "<f8"


def column_bytes(series: BarSeries, name: str) -> bytes:
    """The column ``name`` as bytes."""
    column: Floats = getattr(series, name)
    return column.astype(column_type(name), copy=False).tobytes()
