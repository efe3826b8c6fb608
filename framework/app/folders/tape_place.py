"""Which tape a command means: a run folder, its name below runs/, a tape file, or an address."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from framework.app.folders.run_folders import find_run
from framework.errors import ConfigError

TAPE, HALT = "tape.db", "HALT"
#: In a run folder: the config as resolved.
CONFIG = "config.toml"
#: In a run folder whose tape is elsewhere: where.
ADDRESS = "tape.url"


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
        folder = find_run(name)
        return TapePlace(tape_of(folder), folder / HALT)
    return TapePlace(path, path.with_name(HALT))


def tape_of(folder: Path) -> str | Path:
    """Where the tape of the run in ``folder`` is."""
    note = folder / ADDRESS
    if not note.is_file():
        return folder / TAPE
    return read_address(note.read_text(encoding="utf-8").strip())


def read_address(told: str) -> str | Path:
    """An address as a place: a path where it is one."""
    scheme, found, rest = told.partition("://")
    return Path(rest.removeprefix("/")) if found and scheme == "sqlite" else told


def new_tape(folder: Path, url: str | None) -> str | Path:
    """Where a run in ``folder``, which is there, has its tape if the config says ``url``; noted in the folder, and made room for.

    Raises:
        ConfigError: It cannot be.
        TapeError: The database does not answer.
    """
    if url is None or (folder / ADDRESS).is_file() or (folder / TAPE).is_file():
        return tape_of(folder)
    from framework.runtime.tape.addresses import make_room, place_of

    place = place_of(url, folder)
    make_room(place)
    try:
        told = f"sqlite:///{place.resolve()}" if isinstance(place, Path) else place
        (folder / ADDRESS).write_text(f"{told}\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {folder / ADDRESS}: {error.strerror}") from None
    return place


def folders_with_tapes(runs: Path) -> list[Path]:
    """The run folders below ``runs`` that have a tape, or say where it is."""
    return sorted({path.parent for name in (TAPE, ADDRESS) for path in runs.glob(f"*/{name}")})
