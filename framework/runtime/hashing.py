"""Fingerprints of what a run was given: equal on every machine for equal bars."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

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
        for name in columns_of(one):
            digest.update(_stored(one, name).data)
        one.release()
    return digest.hexdigest()


def columns_of(series: BarSeries) -> tuple[str, ...]:
    """The columns ``series`` has: pay days and a delisting only where there are any."""
    return COLUMNS + tuple(name for name in ("pay_day", "delisting") if getattr(series, name) is not None)


def column_type(name: str) -> str:
    """How a column's numbers are written: 8 bytes each, little-endian, on every machine."""
    return "<i8" if name in {"timestamp", "pay_day"} else "<f8"


def column_bytes(series: BarSeries, name: str) -> bytes:
    """The column ``name`` as bytes; a delisting is one of two numbers, its day and its payout."""
    return _stored(series, name).tobytes()


def _stored(series: BarSeries, name: str) -> Floats:
    column: Floats = np.asarray(getattr(series, name))
    return np.ascontiguousarray(column.astype(column_type(name), copy=False))
