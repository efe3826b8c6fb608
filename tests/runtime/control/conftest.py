"""A tape, its store, and the file that halts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framework.runtime.tape.store import TapeStore
from tests.runtime.control.loop import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    with TapeStore.open(tmp_path / "tape.db", header=HEADER):
        pass
    return tmp_path / "tape.db"


@pytest.fixture
def store(tape: Path) -> Iterator[TapeStore]:
    with TapeStore.open(tape, header=HEADER) as opened:
        yield opened


@pytest.fixture
def halt_file(tape: Path) -> Path:
    return tape.with_name("HALT")
