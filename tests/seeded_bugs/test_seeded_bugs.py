"""Bugs put into a copy of the sources, one at a time: the test that each patch names must fail, so that it can."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATCHES = sorted(Path(__file__).parent.glob("*.patch"))
PARTS = ("framework", "brokers", "data", "strategies", "tests")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources, the tests of the order manager and what they need."""
    folder = tmp_path_factory.mktemp("copy")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.csv.gz"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def applied(copy, patch, *options):
    subprocess.run(["git", "apply", *options, "--unidiff-zero", str(patch)], cwd=copy, check=True)


def outcome(copy, test):
    """Exit code and output of one test in the copy."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-m", "", test]
    run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


def test_there_are_twenty():
    assert len(PATCHES) >= 20


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_bug_can_still_be_put_in(patch):
    applied(ROOT, patch, "--check")


@pytest.mark.campaign
@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_seeded_bug_is_found(copy, patch):
    first, _, _ = patch.read_text(encoding="utf-8").partition("\n")
    test = first.removeprefix("Found by: ")
    applied(copy, patch)
    try:
        code, said = outcome(copy, test)
    finally:
        applied(copy, patch, "--reverse")
    assert code == 1, said
    assert " failed" in said
