"""Every row of the fault table has a test that exists, or says what it waits for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([A-H]\d+) \| (.+?) \| (.+?) \|$", re.MULTILINE)
COUNTS = {"A": 15, "B": 22, "C": 14, "D": 7, "E": 10, "F": 7, "G": 10, "H": 15}
ROWS = ROW.findall((ROOT / "docs" / "reliability.md").read_text(encoding="utf-8"))


def functions(path):
    """Names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_table_has_each_of_its_hundred_rows_once():
    assert [row for row, _, _ in ROWS] == [f"{part}{number}" for part, count in COUNTS.items() for number in range(1, count + 1)]


@pytest.mark.parametrize(("row", "test"), [(row, test) for row, _, test in ROWS])
def test_a_row_names_a_test_that_exists_or_what_it_waits_for(row, test):
    if not test.startswith("`"):
        assert re.fullmatch(r"issue [6-9] \([a-zA-Z]+\)", test), row
        return
    path, _, name = test.strip("`").partition("::")
    assert (ROOT / path).is_file(), row
    assert not name or name in functions(path), row
