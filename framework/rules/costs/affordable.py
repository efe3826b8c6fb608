"""How much does the money buy, when what it costs beside the price depends on the quantity?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def most_affordable(cost: Callable[[int], int], cash: int, lot: int, wanted: int) -> int:
    """The largest multiple of ``lot`` up to ``wanted`` micro-shares whose rising ``cost`` is at most ``cash`` micro-dollars; 0 for none."""
    fits, fails = 0, wanted // lot + 1
    while fails - fits > 1:
        middle = (fits + fails) // 2
        if cost(middle * lot) <= cash:
            fits = middle
        else:
            fails = middle
    return fits * lot
