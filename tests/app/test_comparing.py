"""``onetape report`` of several runs: one page, or a document."""

from __future__ import annotations

import json

import pytest

from tests.app.project import call, config, write


@pytest.fixture
def two(folder):
    write(config(), folder)
    call("backtest", "--out", "one", "--quiet")
    write(config(strategy={"params": {"fast": 3, "slow": 20}}), folder)
    call("backtest", "--out", "two", "--quiet")
    return folder


def test_two_runs_are_put_on_one_page_where_it_is_wanted(two):
    assert call("report", "one", "two") == (0, "report: comparison.html\n", "")
    page = (two / "comparison.html").read_text(encoding="utf-8")
    assert "strategy.params.fast" in page
    assert "strategy.params.slow" not in page
    assert call("report", "one", "two", "--out", "both.html", "--quiet") == (0, "", "")
    assert (two / "both.html").read_text(encoding="utf-8") == page


def test_the_document_has_the_figures_of_both(two):
    found = json.loads(call("report", "one", "two", "--json").out)
    assert [run["name"] for run in found["runs"]] == ["one", "two"]
    assert found["settings"] == {"strategy.params.fast": ["5", "3"]}
    assert found["common"]["figures"]["one"]["total_return"] == json.loads((two / "one/summary.json").read_text())["total_return"]


def test_runs_of_one_name_are_told_apart_by_their_folders(two):
    (two / "other").mkdir()
    (two / "one").rename(two / "other/two")
    found = json.loads(call("report", "two", "other/two", "--json").out)
    assert [run["name"] for run in found["runs"]] == [f"{two.name}/two", "other/two"]


@pytest.mark.usefixtures("two")
def test_what_cannot_be_done_is_said():
    code, _, err = call("report", "one", "--out", "page.html")
    assert code == 2
    assert "is for several runs" in err
    code, _, err = call("report", *["one"] * 7)
    assert code == 2
    assert "at most 6" in err
    code, _, err = call("report", "one", "two", "--out", "missing/page.html")
    assert code == 2
    assert "cannot write missing/page.html" in err
    code, _, err = call("report", "one", "nothing")
    assert code == 3
    assert "no run folder 'nothing'" in err
