"""What a new run may be written into: nothing foreign, and never the folder of a session, whose tape is all that is known of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from framework.app.folders.run_folders import RUNS, unwritable
from framework.app.folders.tape_place import ADDRESS, HALT, TAPE
from framework.errors import ConfigError

SUMMARY = "summary.json"


def check_place(out: Path | None, *, for_session: bool = False) -> None:
    """Look whether a run can be written into ``out``, or below ``runs/``; nothing is made.

    A backtest may replace a backtest; nothing else is replaced. A HALT file may be there before its session.

    Raises:
        ConfigError: It cannot, or ``out`` holds something that would be written over.
    """
    place = RUNS if out is None else out
    try:
        there = next((folder for folder in (place, *place.parents) if folder.exists()), Path())
        if not there.is_dir():
            raise ConfigError(f"cannot write the run folder {place}: {there} is a file; choose another folder with --out")
        if not os.access(there, os.W_OK | os.X_OK):
            raise ConfigError(
                f"cannot write the run folder {place}: no permission to write into {there.resolve()}; choose another with --out"
            )
        if out is not None and out == there and any(one.name != HALT for one in out.iterdir()):
            _check_what_is_there(out, for_session=for_session)
    except OSError as error:
        raise unwritable(place, error) from None


def check_no_session(folder: Path) -> None:
    """Look whether ``folder`` holds the tape of a session, which a backtest does not replace.

    Raises:
        ConfigError: It does.
    """
    if _holds_tape(folder) and _mode(folder) != "backtest":
        raise ConfigError(f"{folder} holds the tape of a session, which no backtest replaces; choose another folder with --out")


def _check_what_is_there(out: Path, *, for_session: bool) -> None:
    if for_session and (_holds_tape(out) or (out / SUMMARY).is_file()):
        raise ConfigError(
            f"--out {out} holds a run already: a session there is gone on with by --resume {out}; name a new folder for a new one"
        )
    check_no_session(out)
    if not (out / SUMMARY).is_file():
        raise ConfigError(f"--out {out} holds files that are no run of onetape; name an empty or new folder")


def _holds_tape(folder: Path) -> bool:
    return (folder / TAPE).is_file() or (folder / ADDRESS).is_file()


def _mode(folder: Path) -> str | None:
    """What the run says it was; ``None`` where it does not: a backtest says so before it has a tape, a session when it ends."""
    try:
        told = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told.get("mode") if isinstance(told, dict) else None
