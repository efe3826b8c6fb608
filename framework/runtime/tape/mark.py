"""The high-water mark: how far a tape was, kept beside it, so that an older copy put in its place is noticed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from framework.errors import TapeError, TapeMismatchError
from framework.runtime.tape.chain import START, Head

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read_mark(path: Path) -> Head:
    """How far the tape was when the mark was written; before the first event where there is no mark.

    Raises:
        TapeError: The mark cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Head(int(found["sequence"]), str(found["hash"]))
    except FileNotFoundError:
        return START
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TapeError(f"the mark {path} cannot be read ({error}); verify the tape with `onetape tape verify`, then remove it") from None


def write_mark(path: Path, head: Head) -> None:
    """Put ``head`` where a power cut leaves either the old mark or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head._asdict()))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def check_mark(mark: Head, head: Head, hash_at: Callable[[int], str | None], place: str) -> None:
    """Look whether a tape that ends at ``head`` has everything it had at ``mark``.

    Raises:
        TapeMismatchError: It has not: it is an older copy, or another tape.
    """
    if mark.sequence > head.sequence:
        raise TapeMismatchError(
            f"{place}: it ends at event {head.sequence}, and has been at {mark.sequence}: it is an older copy, or was emptied; "
            "put the newest back, or reconcile with the broker and remove the .mark file"
        )
    if mark.sequence >= 0 and hash_at(mark.sequence) != mark.hash:
        raise TapeMismatchError(f"{place}: event {mark.sequence} is not the one it had: it is another tape, or was rewritten")
