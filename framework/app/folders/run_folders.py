"""Where run folders are made, and how they are found again."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from framework.errors import ConfigError, MissingDataError

RUNS = Path("runs")


def unwritable(folder: Path, error: OSError) -> ConfigError:
    """What is told where a run folder cannot be written."""
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
        raise unwritable(RUNS / run_id, error) from None


def _made(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


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
