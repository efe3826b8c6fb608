"""Orders and what stands before them, for the tests of limits."""

from __future__ import annotations

from framework.domain.order import OrderRole
from framework.rules.pretrade.validator import Decision

EXPLICIT, STOP, PROFIT = OrderRole.EXPLICIT, OrderRole.STOP, OrderRole.TAKE_PROFIT
ACCEPT, SHRINK, REFUSE = Decision.ACCEPT, Decision.SHRINK, Decision.REFUSE
