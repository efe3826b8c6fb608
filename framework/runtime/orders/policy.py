"""How patient the order manager is, and when it calls for a person. Seconds of the monotonic clock unless they are said to be more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from framework.domain.order import OrderType

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """Limits of time and number.

    Attributes:
        send_window_seconds: A claim that was written longer ago is not sent any more: the process was suspended in between.
        entry_deadline_seconds: An order that opens is not sent later than this after its decision.
        exit_deadline_seconds: The same of one that protects or leaves a position.
        settle_after_seconds: A lost order is not decided on while the venue may still be listing it, beside the venue's own lag.
        tombstone_after_seconds: A request may wander in the network no longer than this: the one assumption on time.
        tombstone_listings: Complete listings without the order that are asked for before it is given up.
        watch_seconds: How long after its end an order is still listened to.
        overdue_seconds: How long shares that were filled wait for their executions.
        poll_seconds, poll_cap_seconds: Shortest and longest time between two looks at working orders.
        cancel_again_seconds: When a cancel that was not answered is asked for again.
        unprotected_seconds: How long shares may be without the exit that is managed for them.
        most_open: Orders that may be open at a time.
        mismatches: Reconciliations in a row that must show the same difference of a position before it is believed.
        cash_tolerance_dollars: Money the account may have more or less than our trades have moved: what rounds, or is charged later.
        order_types: The types that may be placed; ``None`` for all the venue has.
    """

    send_window_seconds: float = 2.0
    entry_deadline_seconds: float = 60.0
    exit_deadline_seconds: float = 86_400.0
    settle_after_seconds: float = 5.0
    tombstone_after_seconds: float = 900.0
    tombstone_listings: int = 3
    watch_seconds: float = 7 * 86_400.0
    overdue_seconds: float = 30.0
    poll_seconds: float = 0.25
    poll_cap_seconds: float = 15.0
    cancel_again_seconds: float = 5.0
    unprotected_seconds: float = 5.0
    most_open: int = 256
    mismatches: int = 2
    cash_tolerance_dollars: float = 1.0
    order_types: frozenset[OrderType] | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, int | float) and not 0 < value < float("inf"):
                raise ConfigError(f"order policy: {name} = {value}; it must be a finite number above 0")
