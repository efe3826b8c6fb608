"""What a request to a venue is for: the urgent ones go first."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """Which request goes first when not all may go; the lowest number does."""

    CANCEL = 0
    PROTECTION = 1  # a stop, or a sale that closes a position
    ENTRY = 2
    STATUS = 3  # orders, positions, account
    DATA = 4
