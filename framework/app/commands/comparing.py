"""``onetape report RUN_A RUN_B``: finished runs on one page."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from framework.app.folders.run_folders import find_run
from framework.errors import ConfigError
from framework.report.comparison import ComparedRun
from framework.report.comparison_page import MOST_RUNS, page
from framework.report.reading import read_run

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PAGE = Path("comparison.html")


def read_runs(names: Sequence[str]) -> list[ComparedRun]:
    """The runs of these names, each under the name of its folder.

    Raises:
        ConfigError: There are more than can be told apart.
        DataError: One is not there, or cannot be read.
    """
    if len(names) > MOST_RUNS:
        raise ConfigError(f"{len(names)} runs were given; at most {MOST_RUNS} can be told apart on one page")
    folders = [find_run(name).resolve() for name in names]
    twice = Counter(folder.name for folder in folders)
    labels = [f"{folder.parent.name}/{folder.name}" if twice[folder.name] > 1 else folder.name for folder in folders]
    return [ComparedRun(label, read_run(folder, {})) for label, folder in zip(labels, folders, strict=True)]


def write_comparison(runs: Sequence[ComparedRun], place: Path) -> None:
    """Write the page about ``runs`` to ``place``.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        place.write_text(page(runs), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {place}: {error.strerror}; choose another place with --out") from None
