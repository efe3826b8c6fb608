"""Dollars in micro-dollars."""

from __future__ import annotations

D = 1_000_000  # micro-dollars
CENT = 10_000


def micros(value: float) -> int:
    return round(float(value) * D)
