"""Which tape a command means: a run folder, its name below runs/, a tape file, or an address."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from framework.app.saving import find_run

TAPE, HALT = "tape.db", "HALT"


class TapePlace(NamedTuple):
    """Where the tape is, and the file that halts the process that trades on it without the tape (``None``: there is no folder)."""

    place: str | Path
    halt_file: Path | None


def tape_place(name: str) -> TapePlace:
    """The tape called ``name``.

    Raises:
        MissingDataError: It is no address, no file and no run folder.
    """
    scheme, found, rest = name.partition("://")
    if found and scheme != "sqlite":
        return TapePlace(name, None)
    path = Path(rest.removeprefix("/")) if found else Path(name)
    if not path.is_file():
        path = find_run(name) / TAPE
    return TapePlace(path, path.with_name(HALT))
