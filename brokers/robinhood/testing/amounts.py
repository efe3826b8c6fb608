"""Dollars and shares as the venue writes them: decimal strings outside, whole micros (1e-6) inside."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, InvalidOperation

from framework.domain.values import MICRO


def micros(given: object) -> int | None:
    """A decimal as it came in a request -> micros; ``None`` for nothing, no number, an infinity or more than six places."""
    try:
        scaled = Decimal(str(given)) * MICRO
    except InvalidOperation:
        return None
    return int(scaled) if scaled.is_finite() and scaled == int(scaled) else None


def fixed(amount: int | None, places: int = 8) -> str | None:
    """Micros -> text with ``places`` decimals, rounded down; ``None`` stays."""
    if amount is None:
        return None
    exact = Decimal(amount).scaleb(-6)
    return f"{exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_FLOOR):f}"
