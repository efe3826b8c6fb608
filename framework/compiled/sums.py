"""Sums of floats that do not depend on the order of what is added, as ``math.fsum`` gives them; plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framework.domain.market import Floats


def exact_sum(values: Floats, count: int, partials: Floats) -> float:
    """The sum of the first ``count`` finite values, rounded once (Shewchuk 1997: partial sums that do not overlap, in ``partials``)."""
    if count < 2:
        return float(values[0]) if count else 0.0
    used = 0
    for number in range(count):
        used = grown(partials, used, values[number])
    return rounded(partials, used)


def grown(partials: Floats, used: int, value: float) -> int:
    """Add ``value`` to the partial sums, the smallest first; how many there are then."""
    kept = 0
    for place in range(used):
        larger, smaller = value, partials[place]
        if abs(larger) < abs(smaller):
            larger, smaller = smaller, larger
        value = larger + smaller
        error = smaller - (value - larger)
        if error != 0.0:
            partials[kept] = error
            kept += 1
    partials[kept] = value
    return kept + 1


def rounded(partials: Floats, used: int) -> float:
    """The partial sums as one number: what lies half-way between two floats goes to the side of the rest."""
    total, used = float(partials[used - 1]), used - 1
    error = 0.0
    while used > 0 and error == 0.0:
        used -= 1
        larger, smaller = total, partials[used]
        total = larger + smaller
        error = smaller - (total - larger)
    if used > 0 and ((error < 0.0 and partials[used - 1] < 0.0) or (error > 0.0 and partials[used - 1] > 0.0)):
        other = total + error * 2.0
        if other - total == error * 2.0:
            total = other
    return total
