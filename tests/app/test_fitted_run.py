"""A run with slippage from a file of parameters: it can be run again, and its hash knows what was in the file."""

from __future__ import annotations

import pytest

from framework import run
from tests.app.project import config, write

PARAMETERS = "version = 1\n[[rows]]\nintercept_bps = {}\n"


def project(folder, bps):
    """A project whose fills slip by ``bps``."""
    files = {"mine.toml": PARAMETERS.format(bps), **config(fills={"slippage": {"model": "fitted", "file": "mine.toml"}})}
    return run(write(files, folder) / "onetape.toml")


@pytest.fixture
def runs(tmp_path):
    return [project(tmp_path / place, bps) for place, bps in (("here", 3), ("there", 3), ("other", 4))]


def test_the_config_hash_knows_what_is_in_the_file_and_not_where_it_lies(runs):
    here, there, other = (one.record.config_hash for one in runs)
    assert here == there != other


def test_the_config_of_the_run_folder_gives_the_run_again(runs, tmp_path):
    runs[0].save(tmp_path / "run")
    again = run(tmp_path / "run" / "config.toml")
    assert again.record.config_hash == runs[0].record.config_hash
    slipped = [abs(fill.price_micros / fill.reference_micros - 1) for fill in again.record.fills]
    assert slipped == pytest.approx([0.0003] * len(slipped), rel=1e-2)
    assert len(slipped) > 2
