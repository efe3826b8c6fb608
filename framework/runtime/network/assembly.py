"""From the config's numbers to what an adapter is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.rules.pacing.refusals import Backoff
from framework.runtime.network.budget import SharedBudget, budget_file, pace
from framework.runtime.network.retrying import ReadRetry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from framework.runtime.config import BrokerSection


def request_budget(broker: BrokerSection, folder: Path, username: str) -> SharedBudget:
    """The budget of ``username`` at the venue of ``broker``, shared through a file in ``folder``."""
    allowed = pace(broker.rate_limit_requests, broker.rate_limit_window, broker.order_cooldown)
    backoff = Backoff(broker.backoff_base, broker.max_backoff)
    return SharedBudget(budget_file(folder, broker.name, username), allowed, backoff=backoff)


def read_retry(broker: BrokerSection, stopped: Callable[[], bool] | None = None) -> ReadRetry:
    """How reads are asked again, unless ``stopped()``."""
    return ReadRetry(broker.max_retries + 1, Backoff(broker.backoff_base, broker.max_backoff), stopped=stopped)
