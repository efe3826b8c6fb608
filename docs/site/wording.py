"""Markdown out of what the code says: docstrings as text, rows as tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def prose(text: str) -> str:
    """A docstring of ours: its code has two backticks."""
    return re.sub(r"``(.+?)``", r"`\1`", text).strip()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a cell may hold a bar."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
