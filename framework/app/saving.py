"""Where a run's files go, and how they are found again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from framework.errors import ConfigError, MissingDataError
from framework.report.folder import write_run
from framework.runtime.tape import read_bars, read_header, write_tape

if TYPE_CHECKING:
    from framework.domain.record import RunRecord

RUNS = Path("runs")


def folder_for(run_id: str, out: Path | None) -> Path:
    """The run folder: ``out`` itself, or a new one below ``runs/``.

    Raises:
        ConfigError: ``out`` holds something that is no run, which would be written over.
    """
    if out is None:
        return _unused(RUNS / run_id)
    if out.is_dir() and any(out.iterdir()) and not (out / "summary.json").is_file():
        raise ConfigError(f"--out {out} holds files that are no run of onetape; name an empty or new folder")
    return out


def _unused(folder: Path) -> Path:
    number, free = 2, folder
    while free.exists():
        number, free = number + 1, folder.with_name(f"{folder.name}-{number}")
    return free


def save_run(record: RunRecord, folder: Path) -> Path:
    """Write everything of a run into ``folder``, replacing an earlier run there.

    Raises:
        ConfigError: The folder cannot be written.
    """
    write_run(record, folder)
    try:
        (folder / "tape.db").unlink(missing_ok=True)
        write_tape(record, folder / "tape.db")
    except OSError as error:
        raise ConfigError(f"cannot write {folder / 'tape.db'}: {error.strerror}; choose another folder with --out") from None
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
    listed = ", ".join(folder.name for folder in known[-3:]) or "none"
    raise MissingDataError(f"there is no run {name!r}; newest below runs/: {listed}")


def rewrite_report(folder: Path) -> Path:
    """Make report.html and the pictures again from a finished run's files; returns the page's path.

    Raises:
        DataError: The folder is no run, or a file of it is missing.
    """
    from framework.report.reading import read_run
    from framework.report.tear_sheet import write_tear_sheet

    tape = folder / "tape.db"
    series, description = (read_bars(tape), read_header(tape)["description"]) if tape.is_file() else ({}, "")
    data = read_run(folder, series, description)
    write_tear_sheet(data, folder)
    return folder / "report.html"
