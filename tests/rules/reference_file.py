"""The file of independent reference values, where it lies next to the checkout (``../shared/reference/risk_values.json``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "shared" / "reference" / "risk_values.json"
needs_file = pytest.mark.skipif(not FILE.exists(), reason="the optional file of reference values is not next to the checkout")


def content() -> dict[str, Any]:
    """The whole file; no entries where there is none."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"meta": {"count": 0}, "datasets": {}, "references": []}


def is_met(given: object, reference: dict[str, Any]) -> bool:
    """Whether an answer is within the entry's tolerance; text must be equal, and each element of a list within it."""
    return _is_near(given, reference["expected"], reference["tolerance"])


def _is_near(given: Any, expected: Any, tolerance: dict[str, float]) -> bool:
    if isinstance(expected, str):
        return given == expected
    if isinstance(expected, list):
        return len(given) == len(expected) and all(_is_near(one, other, tolerance) for one, other in zip(given, expected, strict=True))
    return abs(given - expected) <= tolerance["abs"] + tolerance["rel"] * abs(expected)
