"""The pages about the tape and about stopping: their commands and programs run, their tables name what there is."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from framework import run
from framework.app.folders.saving import save_run
from framework.domain.command import CommandKind
from framework.rules.guards.breakers import permits
from framework.rules.guards.state import TradingState
from framework.runtime.tape.chain import TapeEvent
from framework.runtime.tape.store import TapeStore
from framework.runtime.tape.views import COLUMNS
from tests.app.project import call, tree
from tests.docs.markdown import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

TAPE = (ROOT / "docs" / "tape.md").read_text(encoding="utf-8")
CONTROL = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a finished run and one that goes on."""
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "live").mkdir()
    save_run(run(tree()).record, tmp_path / "runs" / "first")
    with TapeStore.open(tmp_path / "runs" / "live" / "tape.db", header={"mode": "paper"}):
        pass
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_every_command_of_both_pages_runs():
    commands = [line for page in (TAPE, CONTROL) for line in blocks(page)[0].text.splitlines()]
    assert len(commands) == 13
    assert [call(*shlex.split(command, comments=True)[1:]).code for command in commands] == [0] * 13


@pytest.mark.parametrize(("page", "printed"), [(TAPE, "0 run_started 0\n1 intent 1\n2 events\n"), (CONTROL, "halt ada lunch\n")])
def test_every_program_runs_and_prints_what_it_should(page, printed, tmp_path):
    (program,) = [block for block in blocks(page) if block.language == "python"]
    done = subprocess.run(
        [sys.executable, "-c", program.text],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == printed


def test_the_table_of_views_names_them_all():
    assert set(re.findall(r"^\| `(\w+)` \| each", TAPE, re.MULTILINE)) == set(COLUMNS)


def test_the_table_of_an_event_names_its_fields():
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ", TAPE.split("## An event")[1].split("##")[0], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(TapeEvent._fields)


def test_the_table_of_states_is_what_the_breakers_permit():
    rows = re.findall(r"^\| ([A-Z]+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", CONTROL, re.MULTILINE)
    assert [name for name, *_ in rows] == [state.name for state in TradingState]
    for name, entries, exits, protective, cancels in rows:
        state = TradingState[name]
        told = [permits(state, *which) for which in ((False, False), (True, False), (True, True))]
        assert [{"yes": True, "no": False}[word] for word in (entries, exits, protective)] == told
        assert cancels == "yes"


def test_every_command_the_engine_leaves_to_others_is_named():
    assert all(kind.value.replace("_", "-") in CONTROL for kind in CommandKind)
