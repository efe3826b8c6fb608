"""When orders that wait for a price worked, and at which price."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.order import OPEN_STATUSES, OrderStatus
from framework.domain.values import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Later than anything that happens.
FOREVER = 2**63 - 1


class LevelStep(NamedTuple):
    """A state change of an order that waits for a price, with the level that held from it on (micro-dollars; ``None`` without one)."""

    order_id: str
    symbol: str
    timestamp: int
    status: OrderStatus
    level: int | None


class WorkingLevel(NamedTuple):
    """A stop or a limit that worked from ``since`` until just before ``until`` (ns UTC), at ``price`` dollars in the shares of then."""

    symbol: str
    price: float
    since: int
    until: int


def working_levels(steps: Iterable[LevelStep]) -> tuple[WorkingLevel, ...]:
    """When each order worked at which price, from the state changes of one order after another, oldest first."""
    found = []
    for _, group in groupby(steps, key=attrgetter("order_id")):
        rows = list(group)
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            if row.status in OPEN_STATUSES and row.level is not None:
                found.append(
                    WorkingLevel(row.symbol, row.level / MICRO, row.timestamp, FOREVER if following is None else following.timestamp)
                )
    return tuple(found)
