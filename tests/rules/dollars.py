"""A dollar and a cent, in micro-dollars."""

from __future__ import annotations

D = 1_000_000  # micro-dollars
CENT = 10_000
