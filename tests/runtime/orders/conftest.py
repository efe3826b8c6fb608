"""A trader on a tape in memory-backed files where there are any: only the death of processes is tried here, not that of the machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.venue.scripted import ScriptedVenue
from tests.venue.trader import Trader

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


@pytest.fixture
def tape() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder) / "tape.db"


@pytest.fixture
def venue() -> ScriptedVenue:
    return ScriptedVenue()


@pytest.fixture
def trader(tape: Path, venue: ScriptedVenue) -> Iterator[Trader]:
    with Trader(tape, venue) as one:
        one.start()
        yield one
