"""The page about the catalogue: its commands, its configuration and its programs run."""

from __future__ import annotations

import json
import re
import runpy
import shlex

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from data.importing import FORMATS
from framework import run
from framework.app.commands.cli import app
from tests.app.project import ROWS, csv_text
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8")
FILES = {block.filename: block.text for block in blocks(PAGE) if block.filename}
COMMANDS = [line for block in blocks(PAGE) if block.language == "bash" for line in block.text.splitlines()]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "XYZ.csv").write_text(csv_text(ROWS), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        done = CliRunner().invoke(app, shlex.split(command, comments=True)[1:])
        assert done.exit_code == 0 or command.startswith("onetape data check"), done.stderr
    return tmp_path


@pytest.mark.slow
def test_the_commands_fill_a_catalogue_that_a_run_and_a_program_read(folder, capsys):
    listed = CliRunner().invoke(app, ["data", "list", "--json"]).stdout
    assert {row["symbol"] for row in json.loads(listed)} == {"AAPL", "FB", "GOOG", "IBM", "MSFT", "XYZ"}
    assert run(folder / "onetape.toml").summary["bars"] == 2 * 252
    runpy.run_path("browse.py", run_name="__main__")
    assert "(3270, 2)" in capsys.readouterr().out


def test_minutes_become_hours_and_a_universe_says_who_was_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "minutes").mkdir()
    opened = pd.Timestamp("2012-01-03 09:30", tz="America/New_York")
    times = [(opened + pd.Timedelta(minutes=place)).isoformat() for place in range(1, 391)]
    close = 100.0 + np.sin(np.arange(390) / 20.0)
    table = pd.DataFrame({"timestamp": times, "open": close, "high": close + 0.1, "low": close - 0.1, "close": close, "volume": 100})
    table.to_csv("minutes/AAPL.csv", index=False)
    (tmp_path / "members.csv").write_text("symbol,from,to\nAAPL,1982-11-30,\nLEH,1994-05-31,2008-09-15\n", encoding="utf-8")
    program = FILES["coarser.py"]
    (tmp_path / "coarser.py").write_text(program, encoding="utf-8")
    runpy.run_path("coarser.py", run_name="__main__")
    assert capsys.readouterr().out.splitlines() == ["7 True", "('AAPL',)", "(7, 2)"]


def test_every_format_is_on_the_page():
    assert set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)))) >= set(FORMATS) - {"sample"}
