"""Every test of the application starts in an empty folder, with no settings in the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder the test runs in."""
    for name in [name for name in os.environ if name.startswith(("ONETAPE__", "HRP_"))]:
        monkeypatch.delenv(name)
    # Rich and typer fold and color by these; a test reads plain text.
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path
