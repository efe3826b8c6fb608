"""The first live sessions of a strategy: smaller orders, and less bought in a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.app.arming.promotion import header_of
from framework.app.folders.tape_place import tape_of

if TYPE_CHECKING:
    from pathlib import Path

    from framework.runtime.config import Config

#: What the header of a tape calls the most its entries may be worth, where it began in the first sessions; dollars.
ORDER_CAP = "first_order_dollars"


class Rollout(NamedTuple):
    """What holds in a live session.

    Attributes:
        sessions: Live sessions there have been.
        order_dollars: Most an entry may be worth; ``None`` for what the config allows.
        dollars: Most that may be bought for in a day; ``None`` for what the leave allows.
    """

    sessions: int = 0
    order_dollars: float | None = None
    dollars: int | None = None

    def most(self, wanted: int) -> int:
        """Dollars to buy for where so many are ``wanted``."""
        return wanted if self.dollars is None else min(wanted, self.dollars)

    def capped(self, config: Config) -> Config:
        """``config`` with it."""
        if self.order_dollars is None:
            return config
        known = config.limits.max_order_value_dollars
        least = self.order_dollars if known is None else min(known, self.order_dollars)
        return config.model_copy(update={"limits": config.limits.model_copy(update={"max_order_value_dollars": least})})


def rollout(config: Config, sessions: int, resumed: Path | None) -> Rollout:
    """What holds after so many live ``sessions``.

    What decides does not change within a run: one that goes on (``resumed``, its folder) keeps the cap on orders it began with, or none.
    """
    section = config.promotion
    is_early = sessions < section.first_sessions
    cap = section.first_order_dollars if is_early else None
    if resumed is not None:
        cap = header_of(tape_of(resumed)).get(ORDER_CAP)
    return Rollout(sessions, cap, round(section.first_dollars) if is_early else None)
