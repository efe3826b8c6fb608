"""The decisions as a table."""

from __future__ import annotations

import re

from repository_page import ROOT
from wording import table

_FOLDER = ROOT / "docs" / "decisions"


def decision_pages() -> list[str]:
    """The pages of the decisions, by number."""
    return [f"decisions/{path.name}" for path in sorted(_FOLDER.glob("[0-9]*.md"))]


def decisions() -> str:
    """A row for each decision, the template left out."""
    rows = []
    for path in sorted(_FOLDER.glob("[0-9]*.md"))[1:]:
        text = path.read_text(encoding="utf-8")
        title = re.sub(r"^# \d+\. ", "", text.splitlines()[0])
        status = next(line for line in text.splitlines() if line.startswith("Status: ")).removeprefix("Status: ")
        rows.append((path.name[:3], f"[{title}]({path.name})", status))
    return table(("number", "decision", "status"), rows)
