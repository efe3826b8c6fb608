"""How a command that goes on is stopped: by Ctrl-C and SIGTERM, after what it is about."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Within it Ctrl-C and SIGTERM only ask to stop; what is yielded says whether one came."""
    asked: list[int] = []
    before = {number: signal.signal(number, lambda found, _: asked.append(found)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
