"""The notebooks: they run from an empty folder in a fresh kernel, what they claim holds, and nothing of a run is kept in them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LINK = re.compile(r"\]\((?P<target>[^)#\s]+)")


def named(notebook: Path) -> str:
    return notebook.stem


def cells(notebook: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == kind]


def test_they_are_numbered_in_the_order_to_read_them():
    assert NOTEBOOKS
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02}" for number in range(1, len(NOTEBOOKS) + 1)]


@pytest.mark.campaign
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=named)
def test_it_runs_in_a_fresh_kernel_and_what_it_claims_holds(notebook, tmp_path):
    # In a process of its own: kernels leave sockets and threads behind, which are no concern of other tests.
    given = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(tmp_path / "ipython")}
    command = [sys.executable, Path(__file__).with_name("execute.py"), notebook, tmp_path]
    done = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=named)
def test_it_is_committed_without_outputs(notebook):
    assert [cell.source for cell in cells(notebook, "code") if cell.outputs or cell.execution_count is not None] == []
    nbformat.validate(nbformat.read(notebook, as_version=nbformat.NO_CONVERT))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=named)
def test_it_tells_checks_what_it_tells_and_ends_with_something_to_try(notebook):
    prose, code = cells(notebook, "markdown"), cells(notebook, "code")
    assert prose[0].source.startswith("# ")
    assert "## Try\n\n1. " in prose[-1].source
    assert sum("assert " in cell.source for cell in code) >= 3
    assert sum("**Look at" in cell.source for cell in prose) >= 2
    assert max(len(cell.source.split()) for cell in prose[:-1]) < 130, "for people who would rather look than read"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=named)
def test_its_links_lead_somewhere(notebook):
    targets = [match["target"] for cell in cells(notebook, "markdown") for match in LINK.finditer(cell.source)]
    assert not [target for target in targets if "://" not in target and not (notebook.parent / target).exists()]
