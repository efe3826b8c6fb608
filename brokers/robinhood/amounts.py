"""Dollars and shares as Robinhood writes them, decimal strings, and as our books have them, micros."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from framework.domain.values import MICRO, from_micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = Decimal(10) ** 12


def micros(value: object) -> int:
    """A decimal string -> micros, to the nearest.

    Raises:
        ValueError: It is no finite number, or too large to be meant.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError(f"{value!r} is not an amount")  # noqa: TRY004 - what a venue sent is a value, whatever its type
    try:
        exact = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is not an amount") from None
    if not exact.is_finite() or abs(exact) > _LARGEST:
        raise ValueError(f"{value!r} is not an amount")
    return int((exact * MICRO).to_integral_value(ROUND_HALF_UP))


def micros_or_none(value: object) -> int | None:
    """The same where nothing may be given."""
    return None if value is None else micros(value)


def text_of(amount: int) -> str:
    """Micros -> the string that is sent, without an exponent."""
    return f"{from_micros(amount):f}"


def moment(value: object) -> int:
    """An ISO 8601 time with a zone -> ns UTC.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a time")  # noqa: TRY004 - what a venue sent is a value, whatever its type
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError(f"{value!r} has no zone")
    # Not timestamp(): a float has no room for microseconds of today.
    return (read - _EPOCH) // timedelta(microseconds=1) * 1_000


def iso(timestamp: int) -> str:
    """Ns UTC -> ``2026-03-02T15:00:00.000000Z``."""
    return (_EPOCH + timedelta(microseconds=timestamp // 1_000)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
