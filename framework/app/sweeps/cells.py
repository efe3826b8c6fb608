"""A field of a summary as a table holds it."""

from __future__ import annotations

import json


def cell(value: object) -> float | str | None:
    """``value`` as a cell of a table: figures and texts as they are, anything else as JSON."""
    return value if value is None or isinstance(value, int | float | str) else json.dumps(value, ensure_ascii=False)
