"""Paper sessions on arriving bars: the backtest's decisions, a tape that survives kills, and replays that notice a change."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from datetime import date
from typing import TYPE_CHECKING

import pytest

from framework.app.sessions.replay import replay
from tests.app.project import ONETAPE, call, process, strategy, write
from tests.campaigns import size

if TYPE_CHECKING:
    from pathlib import Path

BODY = """\
bars: int = 5

def on_start(self, ctx):
    ctx.state["seen"] = 0

def on_bar(self, ctx):
    ctx.state["seen"] += 1
    for symbol in ctx.symbols:
        close = ctx.bars(symbol).close
        if len(close) > self.bars:
            ctx.target(symbol, 0.6 if close[-1] > close[-1 - self.bars] else 0.0)
"""
YEAR = {"start": date(2011, 1, 3), "end": date(2011, 12, 30)}
PAPER = ("paper", "--rehearse", "--out", "p")
#: What may differ between the two: names and times of the run, and its mode.
OWN = {"run_id", "mode", "engine", "elapsed_seconds", "config_hash"}


@pytest.fixture
def project(folder):
    write(strategy(BODY, data=YEAR), folder)
    return folder


def summary(folder: Path) -> dict[str, object]:
    return json.loads((folder / "summary.json").read_text())


def differing(one: Path, other: Path) -> set[str]:
    first, second = summary(one), summary(other)
    return {name for name in first if first[name] != second[name]}


def test_a_paper_session_decides_what_the_backtest_decides_and_both_replay(project):
    assert call(*PAPER).code == 0
    assert call("backtest", "--out", "b").code == 0
    assert differing(project / "p", project / "b") <= OWN
    assert summary(project / "p")["trades"] > 10
    for run in ("p", "b"):
        done = call("replay", run)
        assert done.code == 0
        assert "are the same again" in done.out


def test_the_report_of_a_session_is_made_again_from_its_folder(project):
    call(*PAPER)
    page = (project / "p" / "report.html").read_text()
    (project / "p" / "report.html").unlink()
    assert call("report", "p").code == 0
    assert (project / "p" / "report.html").read_text() == page


@pytest.mark.slow
def test_a_changed_line_of_the_strategy_is_reported_at_its_first_decision(project):
    call(*PAPER)
    code = (project / "mine.py").read_text()
    (project / "mine.py").write_text(code.replace("0.6 if", "(0.6 if ctx.now.month < 7 else 0.5) if"))
    done = process("replay", "p", "--json", folder=project)
    assert done.code == 1
    found = json.loads(done.out)["first_difference"]
    assert found["recorded"]["kind"] == found["replayed"]["kind"] == "order_decided"
    assert found["recorded"]["time"] >= "2011-07"
    assert found["recorded"]["quantity_micros"] > found["replayed"]["quantity_micros"]
    assert process("paper", "--rehearse", "--resume", "p", folder=project).code == 3  # and nobody goes on with it


def test_a_session_of_something_else_is_not_gone_on_with(project):
    call(*PAPER)
    write(strategy(BODY, data=YEAR, account={"cash": 50_000}), project)
    done = call("paper", "--rehearse", "--resume", "p")
    assert done.code != 0
    assert "it is the tape of something else" in done.err


def begun(folder: Path) -> subprocess.Popen[bytes]:
    resume = ("paper", "--rehearse", "--resume", "p") if (folder / "p" / "tape.db").exists() else PAPER
    return subprocess.Popen([ONETAPE, *resume, "--quiet"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.campaign
def test_a_session_killed_again_and_again_ends_as_one_that_was_not(project):
    call("backtest", "--out", "b")
    dice, kills = random.Random("kills"), 0  # noqa: S311 - repeatable, not secret
    for _ in range(size(8, 200)):
        running = begun(project)
        time.sleep(dice.uniform(1.2, 3.0))
        if running.poll() is None:
            os.kill(running.pid, signal.SIGKILL)
            kills += 1
        _, said = running.communicate()
        assert running.returncode in {0, -signal.SIGKILL}, said
    last = begun(project)
    _, said = last.communicate()
    assert last.returncode == 0, said
    assert kills
    assert differing(project / "p", project / "b") <= OWN
    assert replay(project / "p" / "tape.db", project).difference is None
