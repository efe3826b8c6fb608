"""Which trials are the best: by one objective the first few, by several those that no other beats in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from framework.domain.market import Floats, Integers


def leaders(values: Floats, most: int) -> Integers:
    """Rows of ``values``, float64 [trials, objectives] (more is better, NaN: none), that lead.

    Of one objective the ``most`` best, best first, the earlier of equals first. Of several the front: rows for which no other row is at
    least as good in everything and better in something, by the first objective, best first.
    """
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    # Stable, and by later columns where earlier ones are equal.
    ranked = known[np.lexsort(-values[known].T[::-1])]
    return ranked[:most] if values.shape[1] == 1 else _front(values, ranked)


def _front(values: Floats, ranked: Integers) -> Integers:
    """Who comes later in ``ranked`` never beats who comes before."""
    kept: list[int] = []
    for row in ranked.tolist():
        ahead = values[kept]
        if not ((ahead >= values[row]).all(axis=1) & (ahead > values[row]).any(axis=1)).any():
            kept.append(row)
    return np.array(kept, dtype=np.int64)
