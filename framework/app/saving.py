"""Where a run's files go, and how they are found again."""

from __future__ import annotations

import os
import tomllib
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from framework.errors import ConfigError, MissingDataError

if TYPE_CHECKING:
    from framework.domain.record import RunRecord
    from framework.report.tear_sheet_data import TearSheetData

RUNS = Path("runs")


def check_place(out: Path | None) -> None:
    """Look whether a run can be written into ``out``, or below ``runs/``; nothing is made.

    Raises:
        ConfigError: It cannot, or ``out`` holds something that is no run, which would be written over.
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
        foreign = out is not None and out == there and any(out.iterdir()) and not (out / "summary.json").is_file()
    except OSError as error:
        raise _unwritable(place, error) from None
    if foreign:
        raise ConfigError(f"--out {out} holds files that are no run of onetape; name an empty or new folder")


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(f"cannot write the run folder {folder}: {error.strerror}; choose another folder with --out")


def new_folder(run_id: str) -> Path:
    """Make a folder for the run below ``runs/``; two runs of one second get two folders.

    Raises:
        ConfigError: It cannot be made.
    """
    try:
        RUNS.mkdir(exist_ok=True)
        return next(folder for number in count(1) if _made(folder := RUNS / (run_id if number == 1 else f"{run_id}-{number}")))
    except OSError as error:
        raise _unwritable(RUNS / run_id, error) from None


def _made(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def save_run(record: RunRecord, folder: Path) -> Path:
    """Write everything of a run into ``folder``, replacing an earlier run there.

    Raises:
        ConfigError: The folder cannot be written.
    """
    from framework.app.tape_place import ADDRESS, new_tape
    from framework.report.analyses import write_analyses
    from framework.report.folder import write_run
    from framework.runtime.tape.recording import write_tape

    write_run(record, folder)
    write_analyses(record.analyses, folder)
    url = tomllib.loads(record.config_text).get("tape", {}).get("url")
    for earlier in (folder / "tape.db", folder / ADDRESS):
        try:
            earlier.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot write the tape {earlier}: {error.strerror}; choose another folder with --out") from None
    place = new_tape(folder, url)
    if isinstance(place, Path):
        write_tape(record, place)
    else:
        from framework.runtime.tape.recording_database import write_tape_to

        write_tape_to(record, place)
    return folder


def save_session(record: RunRecord, folder: Path) -> Path:
    """Write the tables, the summary and the tear sheet of a session into ``folder``, which has its tape already.

    Raises:
        ConfigError: The folder cannot be written.
    """
    from framework.report.analyses import write_analyses
    from framework.report.folder import write_run

    write_run(record, folder)
    write_analyses(record.analyses, folder)
    return folder


def find_run(name: str | None) -> Path:
    """The run folder called ``name`` (a path, or an id below ``runs/``), or the newest one.

    Raises:
        MissingDataError: There is none.
    """
    known = sorted(path.parent for path in RUNS.glob("*/summary.json"))
    if name is None:
        if not known:
            raise MissingDataError("there is no run below runs/ yet; `onetape backtest` makes one")
        return max(known, key=lambda folder: (folder / "summary.json").stat().st_mtime_ns)
    for folder in (Path(name), RUNS / name):
        if folder.is_dir():
            return folder
    listed = ", ".join(folder.name for folder in known[-3:]) or "none yet, `onetape backtest` makes one"
    raise MissingDataError(f"there is no run folder {name!r}, here or below runs/; the newest there: {listed}")


def rewrite_report(folder: Path) -> Path:
    """Make report.html and the pictures again from a finished run's files; returns the page's path.

    Raises:
        DataError: The folder is no run, or a file of it is missing.
        ConfigError: The folder cannot be written.
    """
    from framework.app.tape_place import tape_of
    from framework.report.reading import read_run
    from framework.report.tear_sheet import write_tear_sheet

    tape = tape_of(folder)
    data = _data_of(folder, tape) if isinstance(tape, str) or tape.is_file() else read_run(folder, {})
    try:
        write_tear_sheet(data, folder)
    except OSError as error:
        raise ConfigError(f"cannot write the report into {folder}: {error.strerror}; make the folder writable") from None
    return folder / "report.html"


def _data_of(folder: Path, tape: str | Path) -> TearSheetData:
    """The data of the page, with what only the tape has."""
    from framework.app.session_tape import told_by
    from framework.report.reading import read_run
    from framework.runtime.tape.reading import read_account_events, read_bars, read_header, read_mode, read_sectors, read_transitions

    happened = read_transitions(tape), read_account_events(tape)
    if read_mode(tape) != "backtest":
        told = told_by(tape)
        return read_run(folder, told.series, told.description, *happened, told.sectors)
    return read_run(folder, read_bars(tape), read_header(tape)["description"], *happened, read_sectors(tape))
