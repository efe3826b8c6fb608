"""Files of lines that are cut at a size, belong to their owner alone and lose a line rather than stop a trade."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import TextIOWrapper

MAX_BYTES = 10_000_000
BACKUPS = 5


class LineFile(RotatingFileHandler):
    """A log file with up to five older parts of 10 MB; ``lost`` counts the lines a full disk has cost.

    Args:
        path: Of the newest part.
        formatter: Makes the lines.
        level: The least that is written.
        max_bytes: Size at which a new part begins.
    """

    def __init__(self, path: Path, formatter: logging.Formatter, level: int = logging.INFO, max_bytes: int = MAX_BYTES) -> None:
        self.lost = 0
        super().__init__(path, maxBytes=max_bytes, backupCount=BACKUPS, encoding="utf-8", errors="backslashreplace")
        self.setLevel(level)
        self.setFormatter(formatter)

    def _open(self) -> TextIOWrapper:
        os.close(os.open(self.baseFilename, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600))
        return super()._open()

    def doRollover(self) -> None:  # noqa: N802 - logging's name
        """Begin a new part; where the disk takes not even the end of this one, the next line tries again."""
        try:
            super().doRollover()
        except (OSError, ValueError):
            self.stream = None  # what is closed takes no line any more; logging opens it anew
            raise

    def close(self) -> None:
        """Let the file go, whatever the disk takes of its last lines."""
        with suppress(OSError, ValueError):
            super().close()

    def begin_anew(self) -> bool:
        """Put what was written aside and begin a new part; ``False`` when there is nothing to put aside, or the disk does not let us."""
        self.acquire()
        try:
            if not Path(self.baseFilename).stat().st_size:
                return False
            self.doRollover()
        except OSError:
            return False
        finally:
            self.release()
        return True

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's name
        """Lose the line: the tape is the record, and a trade does not wait for a disk. What it held is not shown elsewhere."""
        self.lost += 1
