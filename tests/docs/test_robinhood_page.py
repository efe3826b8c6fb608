"""The page about Robinhood: its example runs, its table of traps names tests that exist, its commands are all there are."""

from __future__ import annotations

import re
import subprocess
import sys

from brokers.robinhood.testing.control import COMMANDS
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "robinhood.md").read_text(encoding="utf-8")
TESTS = ROOT / "tests" / "brokers" / "robinhood" / "double"
ROWS = {
    int(cells[0]): cells[2]
    for line in PAGE.splitlines()
    if (cells := [cell.strip() for cell in line.split("|")[1:-1]]) and cells[0].isdecimal()
}


def test_every_trap_has_its_tests_or_a_reason():
    written = {
        name for path in TESTS.glob("test_traps_*.py") for name in re.findall(r"def (test_trap_\w+)", path.read_text(encoding="utf-8"))
    }
    named = {number: re.findall(r"`(test_\w+)`", cell) for number, cell in ROWS.items()}
    assert sorted(ROWS) == list(range(1, 57))
    assert {name for names in named.values() for name in names} == written
    assert all(name.startswith(f"test_trap_{number:02d}_") for number, names in named.items() for name in names)
    assert {number for number, names in named.items() if not names} == {52, 56}


def test_every_command_of_the_double_is_in_the_table():
    table = PAGE.partition("| commands |")[2].partition("\n\n")[0]
    assert {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")} == set(
        COMMANDS
    )


def test_the_example_runs():
    (example,) = (block for block in blocks(PAGE) if block.language == "python")
    ended = subprocess.run([sys.executable, "-c", example.text], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr


def test_all_twelve_probes_are_described():
    assert re.findall(r"^\| (P\d+) \|", PAGE, re.MULTILINE) == [f"P{number}" for number in range(1, 13)]
