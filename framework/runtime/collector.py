"""Python's garbage collector during a run: a run keeps what it makes, and looking through it again and again finds nothing."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Objects made between two looks at the youngest: a strategy that leaves cycles behind is still cleaned up after.
OBJECTS = 200_000


@contextmanager
def seldom_collected() -> Iterator[None]:
    """What is there before is not looked at, and what comes is looked at seldom."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
