"""Bars on the disk instead of in memory, for panels that do not fit: their columns are read from a file as they are looked at."""

from __future__ import annotations

import mmap
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from framework.domain.market import BarSeries, Floats, Integers


class Shelf:
    """Puts bars into files without a name, which the system removes when nobody has them open any more.

    They are in the system's folder for temporary files: ``TMPDIR`` says where. Symbols with the same closes share them.
    """

    def __init__(self) -> None:
        self._times: list[Integers] = []

    def put(self, series: BarSeries) -> BarSeries:
        """The same bars, read from the disk when they are looked at."""
        known = next((times for times in self._times if np.array_equal(times, series.timestamp)), None)
        prices = [series.open, series.high, series.low, series.close, series.volume]
        file = _Mapped([*prices, *(() if known is not None else (series.timestamp.view(np.float64),))])
        opened, high, low, close, volume, *own = file.columns(len(series))
        if known is None:
            known = own[0].view(np.int64)
            self._times.append(known)
        return replace(
            series,
            timestamp=known,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
            dividend=_single(series.dividend),
            split=_single(series.split),
            release=file.release,
        )


class _Mapped:
    """A file of columns of 8-byte numbers, mapped into memory."""

    def __init__(self, columns: list[Floats]) -> None:
        with tempfile.TemporaryFile() as file:
            for column in columns:
                file.write(np.ascontiguousarray(column).data)
            file.flush()
            self._map: mmap.mmap | None = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._count = len(columns)

    def columns(self, length: int) -> list[Floats]:
        """The columns, each of ``length`` numbers."""
        numbers = np.frombuffer(self._map or b"", dtype=np.float64)
        return [numbers[place * length : (place + 1) * length] for place in range(self._count)]

    def release(self) -> None:
        """Let the memory go that the pages were read into; they are read again when they are looked at again."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def __getstate__(self) -> int:
        """What a copy in another process is made of: it has its columns in memory, and nothing to let go."""
        return self._count

    def __setstate__(self, count: int) -> None:
        self._map, self._count = None, count


def _single(column: Floats) -> Floats:
    """``column``; without its memory where it is one number again and again."""
    if len(column) and (column == column[0]).all():
        return np.broadcast_to(column[:1].copy(), column.shape)
    return column
