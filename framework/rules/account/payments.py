"""Money that has come in: is it what was announced?"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What a venue rounds each payment to, micro-dollars.
CENT = 10_000
#: How far what a fraction of a share brings may be off its last price: it is sold at a time of the venue's choice.
OFF = 0.25
#: Payments that are looked at together.
MOST = 6


class Expected(NamedTuple):
    """A payment that is to come, micro-dollars; of an ``estimate`` the amount is about that."""

    key: str
    amount_micros: int
    is_estimate: bool = False


def explained_by(difference: int, expected: Sequence[Expected], tolerance: int) -> tuple[Expected, ...]:
    """The fewest of ``expected`` that add up to ``difference`` micro-dollars; none where nothing does.

    ``tolerance`` is what may be off besides the venue's rounding of each payment, and of an estimate a quarter of it.
    """
    for count in range(1, min(len(expected), MOST) + 1):
        for some in combinations(expected[:MOST], count):
            off = tolerance + sum(CENT + (round(one.amount_micros * OFF) if one.is_estimate else 0) for one in some)
            is_sure = sum(one.is_estimate for one in some) <= 1  # of two nobody knows what either has brought
            if is_sure and abs(difference - sum(one.amount_micros for one in some)) <= off:
                return some
    return ()
