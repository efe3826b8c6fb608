"""What the site has beyond its Markdown files: pages from elsewhere in the repository, generated tables, formulas, pictures.

``<!-- insert: NAME -->`` in a page stands for a generated text (``INSERTS``), or for a section of another document
(``README.md#how-orders-fill``). MkDocs calls the functions that begin with ``on_``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from command_page import commands
from config_page import configuration
from decision_page import decision_pages, decisions
from error_page import errors
from example_run import example, example_files
from formula import drawn
from mkdocs.structure.files import File
from picture import inlined
from repository_page import PAGES, ROOT, links_inside_site, section

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

INSERTS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("configuration", configuration),
    ("commands", commands),
    ("decisions", decisions),
    ("errors", errors),
    ("example", example),
)
_INSERT = re.compile(r"^<!-- insert: (?P<what>\S+) -->$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the decisions behind their index."""
    assert config.nav is not None  # noqa: S101 - mkdocs.yml has one
    for entry in config.nav:
        for pages in entry.values():
            for page in pages:
                if "Decisions" in page:
                    page["Decisions"] = ["decisions/README.md", *decision_pages()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents that lie elsewhere in the repository, and a run to look at."""
    for path, page in PAGES:
        files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    for place, file in example_files():
        files.append(File.generated(config, place, abs_src_path=str(file)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """The page as it is shown."""
    place = page.file.src_uri
    source = next((path for path, one in PAGES if one == place), f"docs/{place}")
    return inlined(drawn(links_inside_site(inserted(markdown, source), source, place)), ROOT / "docs" / place)


def inserted(markdown: str, source: str) -> str:
    """``markdown`` of the document ``source`` with what its ``insert`` comments stand for."""

    def text(match: re.Match[str]) -> str:
        path, hash_, anchor = match["what"].partition("#")
        return section(path, anchor, source) if hash_ else dict(INSERTS)[path]()

    return _INSERT.sub(text, markdown)
