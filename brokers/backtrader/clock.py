"""Our time as backtrader counts it: days since year 1 as a float, on the exchange's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datetime import time

    from framework.domain.market import Floats, Integers

_NS_PER_SECOND = 1_000_000_000
_SECONDS_PER_DAY = 86_400
#: 1970-01-01 as backtrader counts days.
_EPOCH_DAY = 719_163
#: Two times closer than this are one: floats of this size are good to ten microseconds, and bars are minutes apart.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Clock:
    """How bars are stamped for a strategy: as a file of the exchange's local times would have them.

    ``opens`` and ``closes`` are the hours of a full session there. ``resolution`` is 1d, or a number with m or h.
    """

    timezone: str
    opens: time
    closes: time
    resolution: str

    @property
    def is_daily(self) -> bool:
        """Whether a bar is a session."""
        return self.resolution == "1d"

    @property
    def minutes(self) -> int:
        """Length of an intraday bar."""
        return int(self.resolution[:-1]) * (60 if self.resolution[-1] == "h" else 1)

    def stamp(self, timestamp: int) -> float:
        """One of ``stamps``."""
        return float(self.stamps(np.array([timestamp]))[0])

    def stamps(self, timestamps: Integers) -> Floats:
        """Closes (int64 [T], ns UTC) as backtrader's floats, float64 [T].

        A daily bar is stamped with the end of a full session, on short days too, so that timers at the session's end meet every day.
        """
        import pandas as pd

        local = pd.DatetimeIndex(timestamps, tz="UTC").tz_convert(self.timezone).tz_localize(None).asi8
        days, rest = np.divmod(local, _SECONDS_PER_DAY * _NS_PER_SECOND)
        if self.is_daily:
            rest = np.full_like(rest, (self.closes.hour * 3600 + self.closes.minute * 60 + self.closes.second) * _NS_PER_SECOND)
        return np.asarray(days + _EPOCH_DAY + rest / (_SECONDS_PER_DAY * _NS_PER_SECOND), dtype=np.float64)
