"""Runs within one day, of minutes: there is no year to count in, and the figures that do not need one are there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.app.project import bars, call, strategy, write

if TYPE_CHECKING:
    from pathlib import Path

MINUTES = [(f"2012-01-03T{at // 60:02}:{at % 60:02}", *[100 + at % 7 / 10] * 4, 1_000) for at in range(571, 961)]


def day(statement: str) -> dict[str, str | bytes]:
    """A project that does ``statement`` at every minute of a day."""
    data = {"source": "csv", "path": "bars", "resolution": "1m", "start": None, "end": None}
    return {**bars(MINUTES), **strategy(f"def on_bar(self, ctx):\n    {statement}", universe={"symbols": ["IBM"]}, data=data)}


def test_a_run_that_has_traded_does_not_say_that_nothing_was(folder: Path) -> None:
    write(day("ctx.buy('IBM', 1)"), folder)
    told = json.loads(call("backtest", "--json", "--no-report").out)
    assert (told["start"], told["end"], told["bars"], told["turnover"]) == ("2012-01-03", "2012-01-03", 390, None)
    assert told["exposure"] > 0.0
    assert "nothing was traded" not in call("backtest", "--no-report").out


def test_a_run_that_has_not_says_so(folder: Path) -> None:
    write(day("pass"), folder)
    assert json.loads(call("backtest", "--json", "--no-report").out)["turnover"] == 0.0
    assert "note: nothing was traded in 390 bars" in call("backtest", "--no-report").out


def test_its_report_is_whole(folder: Path) -> None:
    write(day("ctx.target('IBM', ctx.now.minute % 2)"), folder)
    assert call("backtest", "--out", "run").code == 0
    assert "NaN" not in (folder / "run" / "summary.json").read_text()
    assert (folder / "run" / "report.html").stat().st_size > 10_000
