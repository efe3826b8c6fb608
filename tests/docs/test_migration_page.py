"""The page about bringing a backtrader strategy: the script before and the config after are run, and give the same account."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from bokeh_sampledata.stocks import AAPL

from brokers.robinhood.testing import RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from framework import load_config, run
from framework.runtime.clock import now_ns
from tests.app.logging_in import logged_in
from tests.brokers.backtrader.test_samples import DIFFER
from tests.docs.markdown import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
COMPATIBILITY = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
COLUMNS = ("date", "open", "high", "low", "close", "volume")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files of the page, and two years of prices after the split of 2005."""
    for block in blocks(PAGE):
        (tmp_path / block.filename).write_text(block.text, encoding="utf-8")
    first = AAPL["date"].index("2006-01-03")
    rows = zip(*(AAPL[name][first : first + 502] for name in COLUMNS), strict=True)
    lines = ["timestamp,open,high,low,close,volume", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "AAPL.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return tmp_path


def test_the_page_has_a_before_and_an_after():
    assert [block.filename for block in blocks(PAGE)] == ["crossing.py", "script.py", "onetape.toml", "setup.py", "live.py"]


def test_script_and_config_end_with_the_same_value(project):
    done = subprocess.run([sys.executable, "script.py"], cwd=project, env=dict(os.environ), capture_output=True, text=True, check=True)
    settings = load_config(project / "onetape.toml", {})
    fills = settings.fills.model_validate({"fees": {"rate": 0.001}, "slippage": "none", "compat": "backtrader"})
    result = run(settings.model_copy(update={"fills": fills}), beside=project)
    assert result.analyzers["trades"]["total"]["closed"] > 5
    assert result.summary["final_equity"] == pytest.approx(float(done.stdout), abs=0.01)


def test_the_config_runs_as_it_stands(project):
    result = run(load_config(project / "onetape.toml", {}), beside=project)
    assert result.summary["strategy"] == "Crossing"
    assert result.summary["fees"] > 0


@pytest.mark.slow
def has_its_history(project):
    """Whether a session has begun: its bars of the past are on its tape."""
    for tape in project.glob("runs/*/tape.db"):
        with closing(sqlite3.connect(f"file:{tape}?mode=ro", uri=True)) as connection, suppress(sqlite3.OperationalError):
            return connection.execute("SELECT count(*) FROM events WHERE kind = 'history'").fetchone() == (1,)
    return False


def test_the_script_with_a_store_runs_on_paper_until_it_is_stopped(project):
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as double:
        given = {**os.environ, **logged_in(double, project / "state"), "ONETAPE__BROKER__RATE_LIMIT_REQUESTS": "100"}
        running = subprocess.Popen([sys.executable, "live.py"], cwd=project, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not has_its_history(project):  # what it asks for next depends on the hour
            assert running.poll() is None, running.stderr.read().decode()
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        assert (running.returncode, double.counts()["order_posts"]) == (0, 0), err.decode()
    assert re.fullmatch(r"runs/\S+-paper-Crossing \(\)\n", out.decode())


def test_every_reason_for_other_fills_that_the_tests_know_is_explained():
    table = COMPATIBILITY.partition("## Why fills differ")[2].partition("\n## ")[0]
    named = {cells[-2].strip() for line in table.splitlines() if line.startswith("| ") and (cells := line.split("|"))}
    assert named - {"", "name in the tests"} == set(DIFFER.values())


def test_everything_that_is_refused_by_name_is_on_the_page():
    source = (ROOT / "brokers" / "backtrader" / "settings.py").read_text(encoding="utf-8")
    setters = set(re.findall(r'_(?:passes|refuse)\("(\w+)"', source))
    assert setters
    listed = COMPATIBILITY.partition("## What is refused")[2]
    assert not {name for name in setters if name not in listed and not name.startswith("set_slippage_")}
