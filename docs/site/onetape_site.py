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
from notebook_page import as_markdown
from picture import inlined
from reason_page import reasons
from repository_page import ROOT, documents, links_inside_site, section
from strategy_page import strategies

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
    ("reasons", reasons),
    ("strategies", strategies),
)
_INSERT = re.compile(r"^<!-- insert: (?P<what>\S+) -->$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the notebooks behind the first pages, and the decisions behind their index."""
    tabs = {name: pages for tab in config.nav or [] for name, pages in tab.items()}
    if notebooks := [page for path, page in documents() if path.startswith("notebooks/")]:
        tabs["Start"].append({"Notebooks": notebooks})
    for entry in tabs["Why"]:
        if "Decisions" in entry:
            entry["Decisions"] = [entry["Decisions"], *decision_pages()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents that lie elsewhere in the repository, and a run to look at."""
    for path, page in documents():
        text = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=as_markdown(text, path) if path.endswith(".ipynb") else text))
    for place, file in example_files():
        files.append(File.generated(config, place, abs_src_path=str(file)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """The page as it is shown."""
    place = page.file.src_uri
    source = next((path for path, one in documents() if one == place), f"docs/{place}")
    return inlined(drawn(links_inside_site(inserted(markdown, source), source, place)), ROOT / "docs" / place)


def inserted(markdown: str, source: str) -> str:
    """``markdown`` of the document ``source`` with what its ``insert`` comments stand for."""

    def text(match: re.Match[str]) -> str:
        path, hash_, anchor = match["what"].partition("#")
        return section(path, anchor, source) if hash_ else dict(INSERTS)[path]()

    return _INSERT.sub(text, markdown)
