"""What a CSV cell holds: exact decimals, times, and text that no spreadsheet runs as a formula."""

from __future__ import annotations

import math
from decimal import Decimal

from framework.domain.values import MICRO, from_micros

#: A spreadsheet takes a cell that begins with one of these for a formula; the quote is among them so that reading undoes writing exactly.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


def text_cell(text: str | None) -> str:
    """Text as a cell; what could be read as a formula gets a leading apostrophe, as spreadsheets do themselves. ``None`` is empty."""
    if text is None:
        return ""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def read_text(cell: str) -> str | None:
    """The inverse of ``text_cell``; an empty cell is ``None``."""
    return cell.removeprefix("'") or None


def micros_cell(micros: int | None) -> str:
    """Micros as an exact decimal; ``None`` is empty."""
    return "" if micros is None else str(from_micros(micros))


def read_micros(cell: str) -> int:
    """The inverse of ``micros_cell`` for a cell that must not be empty."""
    return int(Decimal(cell) * MICRO)


def float_cell(value: float | None) -> str:
    """A float in the fewest digits that read back as the same float; ``None`` and NaN are empty."""
    return "" if value is None or math.isnan(value) else repr(float(value))


def read_float(cell: str) -> float:
    """The inverse of ``float_cell``; an empty cell is NaN."""
    return float(cell) if cell else math.nan
