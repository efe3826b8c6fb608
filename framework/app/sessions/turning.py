"""Who watches that a session's loop turns is told that it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.runtime.alerts import Severity

if TYPE_CHECKING:
    from framework.app.sessions.narrator import Narrator
    from framework.app.watchdog.watchdog import Watchdog


class Turning:
    """Beats ``watchdog`` from the first turn on, what lies before is not watched; that it is gone a person is told once."""

    def __init__(self, watchdog: Watchdog, narrator: Narrator) -> None:
        self._watchdog = watchdog
        self._narrator = narrator
        self._turns = False
        self._is_told = False

    def wait(self, now: int) -> None:
        """A turn waits for the venue, ns UTC."""
        if self._turns:
            self._watchdog.beat(now)

    def beat(self, now: int) -> None:
        """The loop has turned, ns UTC."""
        self._turns = True
        self._watchdog.beat(now)
        if not self._watchdog.is_there and not self._is_told:
            self._is_told = True
            self._narrator.alert(Severity.CRITICAL, "watchdog", "the watchdog is gone: if this session hangs, nobody cancels its entries")
