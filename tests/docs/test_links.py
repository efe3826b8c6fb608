"""Every link inside the documentation leads somewhere, and every make task it names exists."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from tests.docs.markdown import FENCE, ROOT, anchors, blocks, broken_links

DOCUMENTS = sorted(chain(ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md"), (ROOT / "benchmarks").glob("*.md")))
MAKE_CODE = re.compile(r"`make ([a-z-]+)[^`]*`|^ {4}make ([a-z-]+)", re.MULTILINE)


def tasks() -> set[str]:
    """The targets of the Makefile that are meant to be typed."""
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_documents_are_found():
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "000-template.md"} <= {document.name for document in DOCUMENTS}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_inside_the_docs_resolves(document):
    assert broken_links(document, document.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_make_task_that_is_named_exists(document):
    text = document.read_text(encoding="utf-8")
    named = {first or second for first, second in MAKE_CODE.findall(FENCE.sub("", text))}
    named |= {line.split()[1] for block in blocks(text) for line in block.text.splitlines() if line.startswith("make ")}
    assert named <= tasks()


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name[:3]) for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))]
    assert numbers == list(range(len(numbers)))


def test_every_decision_has_the_sections_of_the_template():
    template = re.findall(r"^## .+$", (ROOT / "docs/decisions/000-template.md").read_text(encoding="utf-8"), re.MULTILINE)
    for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"):
        assert re.findall(r"^## .+$", path.read_text(encoding="utf-8"), re.MULTILINE) == template, path.name


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    text = "# One thing\n[a](missing.md) [b](#one-thing) [c](#nothing) [d](page.md#one-thing) [e](https://example.org/x)"
    page.write_text(text, encoding="utf-8")
    assert broken_links(page, text) == ["missing.md", "#nothing"]


def test_a_heading_inside_a_block_is_no_anchor():
    assert anchors("# A title, with: marks\n```python\n# comment\n```\n") == {"a-title-with-marks"}
