"""The page about reports: its numbers are those of the code, its command works, its picture is there."""

from __future__ import annotations

import re

from framework.report.chart_data import MOST_TRADES
from framework.report.comparison_page import MORE_IS_BETTER, MOST_RUNS
from framework.report.grid import MOST_POINTS
from framework.report.marks import MOST_MARKS
from framework.report.price_chart import MOST_PANELS
from tests.app.project import call, config, write
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


def test_the_sizes_are_those_of_the_code():
    assert f"more than {MOST_POINTS:,} decision times" in PAGE
    assert f"the {MOST_MARKS:,} largest fills" in PAGE
    assert f"the {MOST_TRADES:,} trades with the largest results" in PAGE
    assert (MOST_PANELS, MOST_RUNS) == (12, 6)
    assert "Twelve symbols are drawn" in PAGE
    assert "Two to six finished runs" in PAGE
    assert len(MORE_IS_BETTER) == len(re.search(r"whatever else holds \(([^)]+)\)", PAGE)[1].split(",")) + 1, "CAGR is a return, too"


def test_the_command_writes_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(config(), tmp_path)
    for name in ("runs/monday", "runs/tuesday"):
        call("backtest", "--out", name, "--quiet")
    (command,) = blocks(PAGE)
    assert call(*command.text.split()[1:]).code == 0
    assert (tmp_path / "both.html").is_file()


def test_the_picture_is_there():
    assert (ROOT / "docs" / re.search(r"!\[[^]]+\]\(([^)]+)\)", PAGE)[1]).stat().st_size < 150_000
