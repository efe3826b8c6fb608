"""The double's time: it stands still until it is moved, or goes on as real time does, as fast as one likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic_ns

SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str) -> int:
    """An ISO 8601 time with a zone -> ns UTC.

    Raises:
        ValueError: It cannot be read or has no zone.
    """
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    # Not timestamp(): a float has no room for microseconds of today.
    return (read - _EPOCH) // timedelta(microseconds=1) * 1_000


def iso(timestamp: int) -> str:
    """Ns UTC -> the venue's text, ``2026-03-02T15:00:00.000000Z``."""
    return instant(timestamp).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_second(timestamp: int) -> str:
    """The same to the second, as hours and bars have it."""
    return instant(timestamp).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(timestamp: int) -> datetime:
    """Ns UTC -> the ``datetime``, to the microsecond below."""
    return _EPOCH + timedelta(microseconds=timestamp // 1_000)


class VirtualClock:
    """Time that only ``move_to`` moves, and never back.

    Args:
        start: ISO 8601 with a zone; by default in the regular session of a Monday.
    """

    def __init__(self, start: str = "2026-03-02T15:00:00Z") -> None:
        self._now = moment(start)

    def now(self) -> int:
        """Ns UTC."""
        return self._now

    def move_to(self, timestamp: int) -> None:
        """Go ahead to ``timestamp``; a moment that is past changes nothing."""
        self._now = max(self._now, timestamp)


class RunningClock(VirtualClock):
    """Time that goes on by itself, ``speed`` seconds a second, and can be moved ahead too."""

    def __init__(self, start: str = "2026-03-02T15:00:00Z", speed: float = 1.0) -> None:
        super().__init__(start)
        self._speed = speed
        self._begun = monotonic_ns()

    def now(self) -> int:
        """Ns UTC."""
        return self._now + int((monotonic_ns() - self._begun) * self._speed)

    def move_to(self, timestamp: int) -> None:
        """Go ahead to ``timestamp``; a moment that is past changes nothing."""
        self._now += max(0, timestamp - self.now())
