"""Processes that live and die in tests: forked, so that they need not import anything again."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def child_of(work: Callable[[], object], said: Path | None = None) -> int:
    """Fork; the child does ``work``, with what it prints in ``said``, and ends with 0 if it returned ``None``. Its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Of threads that only wait, such as those of a test runner's workers.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        if said is not None:
            _print_into(said)
        code = 0 if work() is None else 2
    except BaseException:  # noqa: BLE001 - whatever it was, the child ends here and the parent hears of it
        # Where what nobody caught is shown; a session has put its own there.
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(child: int) -> int:
    """Wait for ``child``; what it ended with."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _print_into(said: Path) -> None:
    handle = os.open(said, os.O_WRONLY | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(handle, stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
