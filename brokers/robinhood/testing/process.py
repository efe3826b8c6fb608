"""A double in a process of its own, which goes on when the client under test is killed."""

from __future__ import annotations

import subprocess
import sys
from typing import Self

from brokers.robinhood.testing.double import RemoteDouble


class DoubleProcess(RemoteDouble):
    """Starts ``python -m brokers.robinhood.testing`` and commands it; it ends with ``close`` or with the process that started it.

    Args:
        start: Its time at the start.
        speed: How fast its time goes on by itself; 0: not at all.
        cash: Dollars of its account.
    """

    def __init__(self, start: str = "2026-03-02T15:00:00Z", speed: float = 0.0, cash: str = "100000") -> None:
        command = [sys.executable, "-m", "brokers.robinhood.testing", "--start", start, "--speed", str(speed), "--cash", cash]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
        if self._process.stdout is None or not (url := self._process.stdout.readline().strip()):
            self.close()
            raise OSError(f"the double did not start: {' '.join(command)}")
        super().__init__(url)

    def close(self) -> None:
        """Let it end, and wait until it has."""
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
