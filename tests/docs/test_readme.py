"""What the README shows is run: every shell, Python and TOML block, and every command and option it names."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from framework import load_config
from tests.docs.markdown import ROOT, Block, blocks

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = blocks(README)
SCRIPTS = Path(sys.executable).parent
STAMP = re.compile(r"\d{8}T\d{6}Z")


def called(*languages: str) -> list[Block]:
    """The blocks in these languages."""
    return [block for block in BLOCKS if block.language in languages]


def run_command(arguments: list[str], folder: Path) -> str:
    """Standard output of a command that must succeed, run in ``folder`` with the project's commands on the path."""
    environment = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(arguments, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{arguments} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_folder_files(text: str) -> set[str]:
    """The files the README says a run folder holds."""
    sentence = text[text.index("A run folder, ") :].partition("\n\n")[0].partition(" holds ")[2]
    return set(re.findall(r"`([a-z]+\.[a-z]+)`", sentence))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with every file the README names."""
    for block in BLOCKS:
        if block.filename:
            (tmp_path / block.filename).write_text(block.text, encoding="utf-8")
    return tmp_path


def test_the_readme_has_something_to_run():
    assert {block.language for block in BLOCKS} == {"bash", "console", "python", "text", "toml"}
    assert {block.filename for block in called("python", "toml")} == {"trend.py", "momentum.py", "onetape.toml", "research.py"}


@pytest.mark.campaign
@pytest.mark.parametrize("block", called("bash"), ids=lambda block: f"line {block.line}")
def test_shell_blocks_succeed(block, tmp_path):
    # `make backtest` would set up an environment; the next test runs what it runs.
    lines = [line for line in block.text.splitlines() if not line.startswith("make ")]
    run_command(["bash", "-euo", "pipefail", "-c", "\n".join(lines)], tmp_path)


def test_the_repository_s_own_backtest_prints_what_is_shown_and_writes_a_report(tmp_path):
    (shown,) = called("text")
    printed = run_command(["onetape", "backtest", "-c", str(ROOT / "onetape.toml")], tmp_path)
    assert STAMP.sub("TIME", printed) == STAMP.sub("TIME", shown.text), "a change of results is shown in README.md too"
    assert [page.stat().st_size > 0 for page in tmp_path.rglob("report.html")] == [True]
    assert run_folder_files(README) == {path.name for path in tmp_path.glob("runs/*/*")}


def parts_shown(block: Block) -> list[tuple[str, list[list[str]]]]:
    """Each command of a console, and the stretches of lines that it is shown to print, with anything between them."""
    found: list[tuple[str, list[list[str]]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], [[]]))
        elif line == "...":
            found[-1][1].append([])
        else:
            found[-1][1][-1].append(line)
    return found


@pytest.mark.campaign
def test_from_nothing_to_a_paper_session_everything_prints_what_is_shown(tmp_path):
    place, typed = tmp_path, 0
    for command, stretches in (part for block in called("console") for part in parts_shown(block)):
        typed += 1
        if command.startswith("cd "):
            place /= command[3:]
        elif not command.startswith("pip "):  # every environment of the tests has been installed that way
            printed = run_command(shlex.split(command), place)
            shown = ".*\n".join("".join(re.escape(f"{line}\n") for line in lines) for lines in stretches)
            assert re.fullmatch(shown, printed, re.DOTALL), f"{command} prints\n{printed}"
    assert typed == 8


@pytest.mark.parametrize("block", called("toml"), ids=lambda block: f"line {block.line}")
def test_every_configuration_loads(block, folder):
    assert block.filename is not None
    assert load_config(str(folder / block.filename))


def test_python_blocks_run_and_trade(folder):
    printed = run_command([sys.executable, "research.py"], folder)
    total_return, max_drawdown = map(float, printed.splitlines()[0].split())
    assert total_return > -1
    assert -1 <= max_drawdown <= 0
    assert "symbol" in printed


def test_the_signal_strategy_runs_too(folder):
    config = (folder / "onetape.toml").read_text(encoding="utf-8")
    signals = config.replace("trend:Trend", "momentum:Momentum").replace("{ fast = 10, slow = 50 }", "{ lookback = 63 }")
    assert tomllib.loads(signals)["strategy"]["params"] == {"lookback": 63}
    (folder / "signals.toml").write_text(signals, encoding="utf-8")
    run_command(["onetape", "backtest", "-c", "signals.toml"], folder)
    assert len((folder / next(folder.rglob("fills.csv"))).read_text(encoding="utf-8").splitlines()) > 1


def test_every_command_and_option_that_is_named_exists(tmp_path):
    offered = run_command(["onetape", "--help"], tmp_path)
    named = set(re.findall(r"onetape ([a-z]+)", README))
    assert {"init", "backtest", "report", "doctor"} <= named
    assert not [name for name in named if not re.search(rf"\b{name}\b", offered)]
    options = run_command(["onetape", "backtest", "--help"], tmp_path)
    assert all(option in options for option in ("--out", "--json"))
