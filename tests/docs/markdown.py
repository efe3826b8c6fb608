"""Markdown as the documentation tests read it: fenced blocks, links, headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<title>.+?)\s*$", re.MULTILINE)
INSERT = "<!-- insert: "
NAMED = re.compile(r"\A# (?P<name>[\w.-]+\.(?:py|toml))\n")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text and the line it starts on. ``# name.py`` as the first line names a file."""

    language: str
    text: str
    line: int

    @property
    def filename(self) -> str | None:
        named = NAMED.match(self.text)
        return named["name"] if named else None


def blocks(text: str) -> tuple[Block, ...]:
    """Every fenced block, in order; formulas are no code and left out."""
    return tuple(
        Block(match["language"], match["text"], text.count("\n", 0, match.start()) + 1)
        for match in FENCE.finditer(text)
        if match["language"] != "math"
    )


def anchors(text: str) -> frozenset[str]:
    """The fragment of every heading, as the usual renderers make it."""
    titles = (match["title"].lower() for match in HEADING.finditer(FENCE.sub("", text)))
    return frozenset(re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles)


def broken_links(document: Path, text: str) -> list[str]:
    """Links to files or headings that do not exist; addresses on the web are not followed."""
    found = []
    for match in LINK.finditer(FENCE.sub("", text)):
        path, _, fragment = match["target"].partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        goal = (document.parent / path).resolve() if path else document
        content = text if goal == document else goal.read_text(encoding="utf-8") if goal.is_file() else ""
        generated = INSERT in content  # its headings are made with the site, and followed there
        if not goal.exists() or (fragment and not generated and fragment not in anchors(content)):
            found.append(match["target"])
    return found
