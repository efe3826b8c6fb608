"""Documents of the repository as pages of the site, and links that lead from one to the other."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
_PAGES = (
    ("README.md", "tour.md"),
    ("CHANGELOG.md", "changelog.md"),
    ("CONTRIBUTING.md", "contributing.md"),
    ("benchmarks/README.md", "benchmarks.md"),
    ("benchmarks/RESULTS.md", "results.md"),
)
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^(?P<marks>#+) +(?P<title>.+?)\s*$")


@cache
def documents() -> tuple[tuple[str, str], ...]:
    """Documents outside of docs/ by their path, with their pages; the notebooks are the last, behind the page about them."""
    folder = ROOT / "notebooks"
    notebooks = [path.relative_to(ROOT).as_posix() for path in (*folder.glob("README.md"), *sorted(folder.glob("*.ipynb")))]
    return (*_PAGES, *((path, path.replace(".ipynb", ".md")) for path in notebooks))


def links_inside_site(markdown: str, source: str, page: str) -> str:
    """``markdown`` of the document ``source`` with links for its place ``page``: to pages where there are any, else no link at all."""
    return _relinked(markdown, lambda target: _target(target, source, page))


def _relinked(markdown: str, target_of: Callable[[str], str | None]) -> str:
    """``markdown`` with other targets of its links; ``None`` leaves the text alone. Code stays as it is."""

    def rewritten(match: re.Match[str]) -> str:
        target = target_of(match["target"])
        return match["text"][1:-1] if target is None else f"{match['text']}({target})"

    parts = _FENCED.split(markdown)
    return "".join(part if number % 2 else _LINK.sub(rewritten, part) for number, part in enumerate(parts))


def _target(target: str, source: str, page: str) -> str | None:
    """Where a link of ``source`` leads on the site; ``None`` for a file that is no page."""
    path, hash_, anchor = target.partition("#")
    if re.match(r"[a-z]+:", target) or not path:
        return target
    goal = os.path.normpath(os.path.join(os.path.dirname(source), path)).replace(os.sep, "/")  # noqa: PTH118, PTH120 - no file is meant
    if (ROOT / goal).is_dir():
        goal = f"{goal}/README.md" if (ROOT / goal / "README.md").exists() else goal
    known = dict(documents())
    if goal not in known and not goal.startswith("docs/"):
        return None if (ROOT / goal).exists() else target
    found = known.get(goal, goal.removeprefix("docs/"))
    return os.path.relpath(found, os.path.dirname(page) or ".").replace(os.sep, "/") + hash_ + anchor  # noqa: PTH120


def anchor_of(title: str) -> str:
    """The fragment of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def section(path: str, anchor: str, into: str) -> str:
    """The text below the heading ``anchor`` of the document ``path``, with links for the document ``into``.

    Raises:
        LookupError: There is no such heading.
    """
    marks, kept, fenced = "", [], False
    for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading and not marks and anchor_of(heading["title"]) == anchor:
            marks = heading["marks"]
        elif heading and marks and len(heading["marks"]) <= len(marks):
            break
        elif marks:
            kept.append(line)
    if not marks:
        raise LookupError(f"{into}: {path} has no heading #{anchor}")
    return _relinked("\n".join(kept), lambda target: _moved(target, path, into)).strip()


def _moved(target: str, source: str, into: str) -> str:
    """A link of one document as another one writes it."""
    path, hash_, anchor = target.partition("#")
    if re.match(r"[a-z]+:", path):
        return target
    goal = os.path.normpath(os.path.join(os.path.dirname(source), path)) if path else source  # noqa: PTH118, PTH120
    return f"{os.path.relpath(goal, os.path.dirname(into) or '.')}{hash_}{anchor}"  # noqa: PTH120
