"""A run to look at: that of the repository's own configuration, made while the site is built."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from repository_page import ROOT

from framework import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.app.backtest.run import RunResult

#: Files of the run folder, and their places on the site.
_SHOWN = (("report.html", "example/report.html"), ("equity.png", "example/equity.png"))


@cache
def _run() -> tuple[RunResult, Path]:
    """The result, and its run folder, which goes when the process ends."""
    folder = Path(mkdtemp(prefix="onetape-site-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    result = run(ROOT / "onetape.toml")
    return result, result.save(folder / "run")


def example_files() -> list[tuple[str, Path]]:
    """Places on the site, and the files that lie there."""
    _, folder = _run()
    return [(place, folder / name) for name, place in _SHOWN]


def example() -> str:
    """The picture of the run, what it earned, and the way to its report."""
    summary: Mapping[str, Any] = _run()[0].summary
    says = f"{summary['strategy']}, {summary['start'][:10]} to {summary['end'][:10]}: total return {summary['total_return']:+.1%}"
    return (
        f"[![Equity of the run against buy and hold, and its drawdown](example/equity.png)](example/report.html)\n\n"
        f"{says}, deepest fall {summary['max_drawdown']:.1%}, Sharpe ratio {summary['sharpe']:.2f}. "
        "**[Open its report](example/report.html)**: it was made while this site was built."
    )
