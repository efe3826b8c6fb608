"""Same inputs, same bytes: across processes, hash seeds, cores, threads, the order of symbols, and versions of the array libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fills.decisions import hashes

ROOT = Path(__file__).parents[2]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
#: Another minor version of each, as old as the project allows or nearly.
OTHER = ("numpy==2.1.3", "pandas==3.0.6")


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    """What this process decides."""
    return hashes()


def elsewhere(cores: int = 0, order: str = "sorted", **environment: str) -> dict[str, str]:
    """What another process decides."""
    command = [sys.executable, "-m", "tests.fills.decisions", str(cores), order]
    found = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    return json.loads(found.stdout)


def test_the_runs_decide_something(here):
    assert len(set(here.values())) == len(here)


def test_a_second_time_in_one_process(here):
    assert hashes() == here


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "1", "12345"])
def test_another_process_with_another_hash_seed(here, seed):
    assert elsewhere(PYTHONHASHSEED=seed) == here


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not let a process choose its cores")
@pytest.mark.parametrize("cores", [1, 2])
def test_on_one_core_or_two(here, cores):
    assert elsewhere(cores) == here


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "2"])
def test_with_one_thread_or_two(here, threads):
    assert elsewhere(**dict.fromkeys(THREADS, threads)) == here


@pytest.mark.slow
def test_with_the_symbols_named_in_another_order(here):
    assert elsewhere(order="reversed") == here


@pytest.mark.slow
@pytest.mark.skipif(settings().max_examples < 10_000, reason="downloads packages; in the nightly profile only")
@pytest.mark.parametrize("package", OTHER)
def test_with_another_version(here, package, tmp_path):
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(tmp_path), package]
    subprocess.run(install, check=True, capture_output=True)
    found = elsewhere(PYTHONPATH=str(tmp_path))
    name, version = package.split("==")
    assert found.pop(name) == version
    assert found == {key: value for key, value in here.items() if key != name}
