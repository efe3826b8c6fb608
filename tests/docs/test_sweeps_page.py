"""The page about sweeps: its commands and programs run, its table of values is what is read, and every option is on it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from framework import sweep
from framework.app.commands.cli import app
from framework.app.sweeps.plan import SAMPLERS
from framework.research.reading import assignments, read_space
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
COMMAND, *PROGRAMS = blocks(PAGE)
ROWS = dict(re.findall(r"^\| `(\w+=[^`]+)` \| (.+) \|$", PAGE, re.MULTILINE))
CONFIG = """\
[strategy]
class = "{place}"
[universe]
symbols = ["AAPL", "IBM"]
[data]
start = 2006-01-03
end = 2006-06-30
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for block in PROGRAMS:
        (tmp_path / block.filename).write_text(block.text, encoding="utf-8")
    (tmp_path / "onetape.toml").write_text(CONFIG.format(place="strategies.sma_cross:SmaCross"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_command_runs_as_it_stands(folder):
    # As it stands it has more than a thousand trials: it is stopped by a condition that is put behind its own.
    command = shlex.split(COMMAND.text)
    command[-1] += " and fast > 48 and slow > 190"
    done = subprocess.run([Path(sys.executable).with_name("onetape"), *command[1:], "--json"], cwd=folder, capture_output=True, check=True)
    assert json.loads(done.stdout)["trials"] == 4
    assert {path.name for path in next((folder / "runs").glob("sweep-*")).iterdir()} >= {"trials", "heatmap.png", "sweep.json"}
    assert (folder / "runs" / "trials.db").is_file()


@pytest.mark.slow
def test_the_search_runs_and_prints_its_table(folder):
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run([sys.executable, "search.py"], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    *table, best, count = done.stdout.splitlines()
    assert table[0].split() == ["params_fast", "params_slow", "sharpe", "max_drawdown"]
    assert len(table) == 1 + int(count) == 1 + 11
    assert re.fullmatch(r"\{'fast': \d+, 'slow': \d+\}", best)


def test_the_strategy_with_shared_indicators_trades(folder):
    (folder / "onetape.toml").write_text(CONFIG.format(place="crossing:Crossing"), encoding="utf-8")
    found = sweep(folder / "onetape.toml", {"fast": [3, 5], "slow": [10, 20]}, jobs=1)
    assert found["error"].isna().all()
    assert found["trades"].min() > 0


def test_every_option_stands_on_the_page_and_no_other():
    offered = {name for one in get_command(app).commands["sweep"].params for name in one.opts if name.startswith("--")}
    assert set(re.findall(r"^\| `(--\w+)` \|", PAGE, re.MULTILINE)) | {"--config", "--json", "--quiet"} == offered
    assert all(f"`{name}`" in PAGE for name in SAMPLERS)


def test_the_values_are_what_the_table_says():
    defaults = {"fast": 1, "slow": 1, "share": 1.0, "loud": True, "mode": ""}
    assert len(ROWS) == 7
    for text, meaning in ROWS.items():
        (axis,) = read_space(assignments([text]), defaults, "Toy").axes
        if "any float between them" in meaning:
            assert f"={axis.low}:{axis.high}" in text
            continue
        listed = re.findall(r"\d+(?:\.\d+)?", meaning.partition(":")[0] if "both" in meaning else meaning)
        if listed:
            values = [str(value) for value in axis.values]
            assert values == listed if "..." not in meaning else values[:2] + values[-1:] == listed
        else:
            assert list(axis.values) == {"a switch": [True, False], "texts": ["calm", "wild"]}[meaning]
