"""How far our clock is from the venue's. Orders that live for a session, and one-time codes, need the two to agree."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds; beyond it no position is opened.
MOST_SECONDS = 2.0


class SkewWatch:
    """Measures by the Date of each answer, which has whole seconds and was written some time between request and answer.

    Args:
        alert: Hears once when the clocks have come apart.
    """

    def __init__(self, alert: Callable[[str], object]) -> None:
        self._alert = alert
        self._seconds = 0.0

    @property
    def is_too_far(self) -> bool:
        """Whether the clocks are surely more than two seconds apart."""
        return abs(self._seconds) > MOST_SECONDS

    def note(self, written: str, sent_at: int, answered_at: int) -> None:
        """Take in the Date of an answer to a request that was sent and answered at these times, ns UTC of our clock."""
        try:
            read = parsedate_to_datetime(written)
        except (ValueError, TypeError, IndexError, OverflowError):
            return
        theirs = read.replace(tzinfo=read.tzinfo or UTC).timestamp()
        ahead, behind = theirs - answered_at / 1e9, theirs + 1.0 - sent_at / 1e9
        was_too_far = self.is_too_far
        # The smallest difference that explains what was seen.
        self._seconds = ahead if ahead > 0 else min(behind, 0.0)
        if self.is_too_far and not was_too_far:
            self._alert(
                f"the clock of this machine and Robinhood's are {abs(self._seconds):.0f} s apart: no position is opened until they agree; "
                "check the time synchronization"
            )
