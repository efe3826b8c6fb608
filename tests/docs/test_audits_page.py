"""The page about audits: its commands and programs run."""

from __future__ import annotations

import re
import runpy
import shlex

import pytest
from typer.testing import CliRunner

from framework.app.commands.cli import app
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "audits.md").read_text(encoding="utf-8")
COMMANDS = [block.text for block in blocks(PAGE) if block.language == "bash"]
PROGRAMS = [block for block in blocks(PAGE) if block.filename]
CONFIG = """\
[strategy]
class = "strategies.sma_cross:SmaCross"
[universe]
symbols = ["AAPL", "IBM"]
[data]
start = 2006-01-03
end = 2006-04-28
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "onetape.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_run_as_they_stand(command):
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    assert done.exit_code in {0, 1}, done.stderr
    assert done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("block", PROGRAMS, ids=lambda block: block.filename)
def test_the_programs_run(folder, block, capsys):
    (folder / block.filename).write_text(block.text, encoding="utf-8")
    runpy.run_path(str(folder / block.filename), run_name="__main__")
    assert capsys.readouterr().out


def test_what_is_shown_of_the_output_has_its_form():
    shown = next(block.text for block in blocks(PAGE) if block.language == "text")
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    assert re.fullmatch(rf"look-ahead: {time}, [A-Z]+: signal \S+; with the bars after {time} mirrored: signal \S+\n", shown)
