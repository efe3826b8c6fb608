"""What trials of a sweep need beside the loop as machine code: where signals change before it, and the sums of the figures after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from framework.compiled import jit
from framework.compiled.changes import changes
from framework.compiled.figures import run_figures

if TYPE_CHECKING:
    from types import FunctionType

CHANGES, _CHANGES = jit.compiled(cast("FunctionType", changes))
FIGURES, _FIGURES = jit.compiled(cast("FunctionType", run_figures))


def is_warm() -> bool:
    """Whether the loop and these have been compiled before."""
    return jit.is_warm() and all(one is not None and one.is_filled for one in (_CHANGES, _FIGURES))
