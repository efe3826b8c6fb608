"""The lease of a session that goes on: where only time tells that the process before it has died, it is waited for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from framework.errors import LeaseHeldError
from framework.runtime.sessions.turns import heed

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.runtime.tape.lease import Lease
    from framework.runtime.tape.store import TapeStore

#: Seconds between two looks.
PAUSE = 1.0


def lease_of(store: TapeStore, account: str, holder: str, seconds: float, *, patience: float, stopped: Callable[[], bool]) -> Lease:
    """The right to trade ``account`` on ``store``'s tape for ``seconds``, waited for ``patience`` seconds unless ``stopped()``.

    A database knows no processes: the lease of one that was killed is held there until it expires.

    Raises:
        LeaseHeldError: Another process has it.
        StoppedError: ``stopped()``, and another process still has it.
    """
    ends = time.monotonic() + patience
    while True:
        try:
            return store.acquire(account, holder, seconds)
        except LeaseHeldError:
            heed(stopped)
            if time.monotonic() >= ends:
                raise
            time.sleep(PAUSE)
