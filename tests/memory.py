"""Folders whose syncs cost nothing, where the machine has the memory for them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

SHARED = Path("/dev/shm")  # noqa: S108 - a folder of its own in it
ENOUGH = 1 << 30


def memory_folder(prefix: str) -> Path:
    """A new folder, in memory if there is a gigabyte of it, otherwise on the disk."""
    in_memory = SHARED.is_dir() and shutil.disk_usage(SHARED).free > ENOUGH
    return Path(tempfile.mkdtemp(prefix=prefix, dir=SHARED if in_memory else None))
