"""The memory of a process with all processes it started, while it runs: what they share is counted once. Linux only; elsewhere 0."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Self

INTERVAL = 0.2
PROC = Path("/proc")


class Watched:
    """The largest sum seen of the process ``pid`` and its descendants, every fifth of a second, as long as the ``with`` lasts."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.peak_mb = 0.0

    def _look(self) -> None:
        while not self._over.wait(INTERVAL):
            family = descendants(self._pid)
            if len(family) > 1:  # the system itself knows the peak of one alone
                self.peak_mb = max(self.peak_mb, sum(proportional(one) for one in family) / 1024)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()


def descendants(pid: int) -> list[int]:
    """``pid`` and every process below it."""
    found = [pid]
    for one in found:
        try:
            found += [int(child) for task in (PROC / str(one) / "task").iterdir() for child in (task / "children").read_text().split()]
        except OSError:  # it has ended
            continue
    return found


def proportional(pid: int) -> int:
    """KB that are its own, and its part of those it shares."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
