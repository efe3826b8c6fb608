"""Candidates for the sizers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.rules.sizing.policy import (
    SizingPolicy,
)
from framework.rules.sizing.sizers import Allocation, Candidates, allocate

NAN, INF = math.nan, math.inf
EQUITY = 100_000.0


def candidates(*rows: dict[str, float]) -> Candidates:
    """Rows of strength, measure, var, price and held; what is not given is ordinary."""
    ordinary = {"strength": 1.0, "measure": 0.02, "var": 0.02, "price": 50.0, "held": 0.0}
    columns = {name: np.array([row.get(name, value) for row in rows], dtype=np.float64) for name, value in ordinary.items()}
    return Candidates(**columns)


def sized(
    *rows: dict[str, float], other_var: float = 0.0, other: float = 0.0, equity: float = EQUITY, slots: int = 5, **policy: Any
) -> Allocation:
    return allocate(candidates(*rows), other_var, other, equity, slots, SizingPolicy(**policy))


def only(allocation: Allocation) -> tuple[float, str]:
    return float(allocation.target[0]), allocation.codes[0]
