"""Where instants stand on the horizontal axis of a figure, and what the axis says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.ticker import FixedLocator

from framework.report.dates import DAY, local_times, new_york, session_days

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from framework.domain.market import Floats, Integers

MOST_TICKS = 8

#: Calendar days below which single sessions are named.
SHORT = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The common horizontal axis of a run's figures: its decision times (ns UTC) and whether a session has more than one.

    Runs of one point a session stand on a calendar. Within the day, points stand side by side: nights and weekends would take up most
    of a calendar.
    """

    timestamps: Integers
    intraday: bool

    @classmethod
    def of(cls, timestamps: Integers) -> Timeline:
        """The axis for a run's decision times."""
        days = session_days(timestamps)
        return cls(timestamps, bool(np.any(days[1:] == days[:-1])))

    def place(self, instants: Integers) -> Floats:
        """Horizontal positions of instants (ns UTC): days since 1970 in New York, or fractional numbers of decision times."""
        if self.intraday:
            return np.interp(instants, self.timestamps, np.arange(self.timestamps.size, dtype=np.float64))
        return new_york(instants) / DAY

    def draw(self, axes: Axes) -> None:
        """Set limits and tick labels of the horizontal axis."""
        if self.timestamps.size == 0:
            return
        first, last = (float(end) for end in self.place(self.timestamps[[0, -1]]))
        margin = max((last - first) * 0.01, 0.02)
        axes.set_xlim(first - margin, last + margin)
        if self.intraday or last - first < SHORT:
            self._label_sessions(axes)
        else:
            _label_calendar(axes, last - first)

    def _label_sessions(self, axes: Axes) -> None:
        """Tick the first point of up to eight sessions; of a single session, up to eight of its points."""
        days = session_days(self.timestamps)
        starts = np.flatnonzero(np.append(True, days[1:] != days[:-1]))
        one_session = starts.size == 1
        candidates = np.arange(days.size) if one_session else starts
        ticks = self.timestamps[candidates[:: -(-candidates.size // MOST_TICKS)]]
        texts = local_times(ticks.tolist(), intraday=one_session)
        axes.xaxis.set_major_locator(FixedLocator(self.place(ticks).tolist()))
        axes.set_xticklabels([text.split(" ")[-1] for text in texts])


def _label_calendar(axes: Axes, span: float) -> None:
    """Tick years, months or days, as fits ``span`` days."""
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=4, maxticks=10))  # type: ignore[no-untyped-call] # matplotlib has no types here
    form = "%Y" if span > 4.5 * 365 else "%b %Y" if span > 120 else "%b %d"
    axes.xaxis.set_major_formatter(DateFormatter(form))  # type: ignore[no-untyped-call] # nor here
