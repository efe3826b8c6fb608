"""What a broker says of an order: facts, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framework.domain.fill import Fill
    from framework.domain.order import OrderStatus, OrderTerms


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """What a broker reports of one order; ``fill`` is set when shares were traded.

    ``restated`` are the terms of an order that goes on working under new ones (FIX ExecType Restated); its status stays what it is.
    ``unsolicited``: the venue ended it without our asking, and what it guarded is still ours to guard.
    """

    order_id: str
    timestamp: int
    status: OrderStatus
    reason: str = ""
    fill: Fill | None = None
    restated: OrderTerms | None = None
    unsolicited: bool = False
