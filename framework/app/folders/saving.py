"""The files of a run, written into its folder and read again."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from framework.app.folders.free_place import check_no_session
from framework.app.folders.tape_place import ADDRESS, new_tape, tape_of
from framework.errors import ConfigError

if TYPE_CHECKING:
    from framework.domain.record import RunRecord
    from framework.report.tear_sheet_data import TearSheetData


def save_run(record: RunRecord, folder: Path) -> Path:
    """Write everything of a run into ``folder``, replacing an earlier backtest there.

    Raises:
        ConfigError: The folder cannot be written, or holds the tape of a session.
    """
    from framework.report.analyses import write_analyses
    from framework.report.folder import write_run
    from framework.runtime.tape.recording import write_tape

    check_no_session(folder)
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


def save_session(record: RunRecord, folder: Path, mode: str = "") -> Path:
    """Write the tables, the summary and the tear sheet of a session into ``folder``, which has its tape already.

    ``mode`` is what it was where that is not the mode of its config. What ``save_shadow`` has written there is part of the page.

    Raises:
        ConfigError: The folder cannot be written.
    """
    from framework.report.analyses import write_analyses
    from framework.report.folder import write_run

    if mode and mode != record.mode:
        record = replace(record, mode=mode, run_id=record.run_id.replace(f"-{record.mode}-", f"-{mode}-", 1))
    write_run(record, folder)
    write_analyses(record.analyses, folder)
    return folder


def rewrite_report(folder: Path) -> Path:
    """Make report.html and the pictures again from a finished run's files; returns the page's path.

    Raises:
        DataError: The folder is no run, or a file of it is missing.
        ConfigError: The folder cannot be written.
    """
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
    from framework.app.folders.session_tape import told_by
    from framework.report.reading import read_run
    from framework.runtime.tape.reading import read_account_events, read_bars, read_header, read_mode, read_sectors, read_transitions

    happened = read_transitions(tape), read_account_events(tape)
    if read_mode(tape) != "backtest":
        told = told_by(tape)
        return read_run(folder, told.series, told.description, *happened, told.sectors)
    return read_run(folder, read_bars(tape), read_header(tape)["description"], *happened, read_sectors(tape))
