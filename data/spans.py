"""Going through long columns a piece at a time: what is worked out of a piece stays in the processor's cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Rows of a piece: a few columns of it fit into the cache of a core.
ROWS = 1 << 15


def spans(length: int, overlap: int = 0) -> Iterator[slice]:
    """Slices that cover ``length`` rows in turn; each begins ``overlap`` rows before the end of the one before."""
    start = 0
    while start < length:
        yield slice(max(start - overlap, 0), start + ROWS)
        start += ROWS
