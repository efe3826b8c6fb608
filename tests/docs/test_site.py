"""The site is built without a warning, says everything there is to say of configuration, commands and names, and needs no other server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import Literal, get_args, get_origin

import pytest
from command_page import commands, every_command
from config_page import configuration
from formula import drawn
from notebook_page import as_markdown
from pydantic import BaseModel, ValidationError
from repository_page import links_inside_site, section

import framework
from framework.runtime.config import Config
from framework.runtime.cost_config import Fees, Slippage
from tests.docs.markdown import ROOT, blocks

CONFIGURATION = configuration()
FORMULA = re.compile(r"^```math\n.*?^```$", re.MULTILINE | re.DOTALL)
#: Keys that mean nothing alone.
TOGETHER = {
    "dollars": {"model": "half_spread"},
    "estimate": {"model": "half_spread"},
    "coefficient": {"model": "impact"},
    "sessions": {"model": "impact"},
    "file": {"model": "fitted"},
    "end": {"start": "2005-01-03"},
}


def tables():
    """Every section of the configuration by its name, with its model: read from the annotations, not from the schema."""
    found = {"": Config}
    for name, field in Config.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found[name] = field.annotation
            found |= {f"{name}.{key}.NAME": kind for key, kind in named_tables(field.annotation)}
    return found | {"fills.slippage": Slippage, "fills.fees": Fees}


def named_tables(model):
    """Keys of a section that hold tables below names of the user's, with the model of these."""
    for key, field in model.model_fields.items():
        kinds = get_args(field.annotation) if get_origin(field.annotation) is dict else ()
        if kinds and isinstance(kinds[1], type) and issubclass(kinds[1], BaseModel):
            yield key, kinds[1]


def part(page: str, heading: str) -> str:
    """The text below a heading of a page."""
    return f"\n{page}".partition(f"\n{heading}\n")[2].partition("\n## ")[0] if heading else page.partition("\n## [")[0]


KEYS = [
    (table, field.alias or name, field)
    for table, model in tables().items()
    for name, field in model.model_fields.items()
    if table or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel)
]


def test_the_configuration_is_seen():
    assert len(KEYS) > 120
    assert {table for table, *_ in KEYS} >= {"", "data", "sizing", "stops", "limits", "guards", "fills", "fills.fees"}


@pytest.mark.parametrize(("table", "key", "field"), KEYS, ids=[f"{table}.{key}" for table, key, _ in KEYS])
def test_every_key_of_the_configuration_is_documented(table, key, field):
    text = part(CONFIGURATION, f"{'###' if '.' in table else '##'} [{table}]" if table else "")
    rows = [re.split(r"(?<!\\)\|", line) for line in text.splitlines() if line.startswith(f"| `{key}` |")]
    assert rows, "no row"
    _, _, kind, default, allowed, says, _ = rows[0]
    assert field.description
    assert says.strip() == field.description
    assert kind.strip()
    if field.is_required():
        assert default.strip() == "required"
    elif isinstance(field.default, (bool, str, float, int)):
        assert tomllib.loads(f"x = {default.strip().strip('`')}")["x"] == field.default
    if get_origin(field.annotation) is Literal:
        assert re.findall(r"`([^`]+)`", allowed) == [str(value) for value in get_args(field.annotation)]


@pytest.mark.parametrize(
    "block", [block for block in blocks(CONFIGURATION) if block.text.startswith("[")], ids=lambda block: block.text.split("\n")[0]
)
def test_every_example_is_taken_by_its_key(block):
    name = block.text.partition("]")[0][1:]
    model, tree = tables()[name], tomllib.loads(block.text)
    for word in name.split("."):
        tree = tree[word]
    needed = {key: tree[key] for key, one in ((one.alias or name, one) for name, one in model.model_fields.items()) if one.is_required()}
    for key, value in tree.items():
        model.model_validate({**needed, **TOGETHER.get(key, {}), key: value})


def test_an_example_that_is_wrong_would_be_seen():
    with pytest.raises(ValidationError):
        tables()["data"].model_validate({"warmup": -1})


def test_every_command_and_option_is_on_the_page():
    page = commands()
    for name, command in every_command():
        text = part(page, f"## {name}")
        assert text, name
        offered = {option for one in command.params for option in (*one.opts, *one.secondary_opts) if option.startswith("-")}
        assert not [option for option in offered if f"`{option}" not in text]


def test_every_public_name_is_in_the_reference():
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: [\w.]+\.(\w+)$", page, re.MULTILINE)) == sorted(framework.__all__)


def test_a_section_of_another_document_is_found_by_its_heading_and_ends_with_it():
    assert section("docs/decisions/000-template.md", "decision", "docs/x.md") == "What we do, in the present tense."
    with pytest.raises(LookupError, match="no heading #nowhere"):
        section("README.md", "nowhere", "docs/x.md")


def test_links_lead_to_pages_or_are_none():
    text = "[a](../README.md#quick-start) [b](../LICENSE) [c](risk.md) [d](https://example.org) [e](nowhere.md)"
    assert links_inside_site(text, "docs/fills.md", "fills.md") == (
        "[a](tour.md#quick-start) b [c](risk.md) [d](https://example.org) [e](nowhere.md)"
    )


def test_a_formula_is_a_picture_that_says_itself():
    page = drawn("before\n```math\n\\dfrac{a}{b}\n```\nafter\n")
    assert page.startswith("before\n<div")
    assert 'aria-label="\\dfrac{a}{b}"' in page
    assert "currentColor" in page
    assert page.endswith("</div>\nafter\n")


def build(place, *options):
    """Build as `make docs` does. With --quiet the builder would not count what it warns of."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(place), *options]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    done = build(place)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return place


@pytest.mark.campaign
@pytest.mark.parametrize("link", ["gone.md", "#nowhere", "other.md#nowhere"])
def test_a_link_that_leads_nowhere_ends_the_build(link, tmp_path):
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# One\n\n[there]({link}) and [other](other.md)\n", encoding="utf-8")
    (tmp_path / "docs" / "other.md").write_text("# Other\n", encoding="utf-8")
    checks = "validation:" + settings.partition("\nvalidation:")[2].partition("\nnav:")[0]
    (tmp_path / "mkdocs.yml").write_text(f"site_name: toy\ntheme: material\n{checks}\n", encoding="utf-8")
    done = build(tmp_path / "site", "--config-file", str(tmp_path / "mkdocs.yml"))
    assert done.returncode == 1
    assert link.removeprefix("other.md") in done.stderr


def test_the_task_of_the_makefile_builds_as_the_test_does():
    task = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ndocs:")[2].partition("\n\n")[0]
    assert "mkdocs build --strict\n" in task
    assert "quiet" not in task


@pytest.mark.campaign
def test_the_site_is_built_without_a_warning_and_holds_every_document(site):
    pages = {path.relative_to(site).with_suffix(".md").as_posix() for path in site.rglob("*.html")}
    documents = {path.relative_to(ROOT / "docs").as_posix().replace("README.md", "index.md") for path in (ROOT / "docs").rglob("*.md")}
    assert not documents - pages
    assert (site / "example" / "report.html").stat().st_size > 10_000


@pytest.mark.campaign
def test_no_page_asks_another_server_for_anything(site):
    fetched = re.compile(r'<(?:script|img|iframe|link rel="(?:stylesheet|preconnect|preload|icon)")[^>]*(?:src|href)="(https?:)?//[^"]*"')
    assert not {path.name: found[0] for path in site.rglob("*.html") if (found := fetched.search(path.read_text(encoding="utf-8")))}


@pytest.mark.campaign
def test_every_name_of_the_reference_has_its_place_there(site):
    page = (site / "reference" / "python.html").read_text(encoding="utf-8")
    assert not [name for name in framework.__all__ if not re.search(rf'id="framework\.[\w.]+\.{name}"', page)]


@pytest.mark.campaign
def test_formulas_and_drawings_are_part_of_their_pages(site):
    assert (site / "sizing.html").read_text(encoding="utf-8").count('class="formula"') >= 5
    assert (site / "flow.html").read_text(encoding="utf-8").count('class="drawing"') == 2


@pytest.mark.campaign
def test_the_search_works_on_pages_opened_from_the_disk(site):
    playwright = pytest.importorskip("playwright.sync_api")
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("no chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page, failed = started.new_page(), []
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto((site / "reference" / "python.html").as_uri())
        page.keyboard.press("f")
        page.keyboard.type("chandelier")
        page.wait_for_selector(".md-search-result__link", state="attached")
        started.close()
    assert not failed


def test_a_notebook_is_a_page_of_its_words_and_code():
    cells = [("markdown", ["# One\n", "two"]), ("code", ["a = 1\n", "a"]), ("code", [])]
    text = json.dumps({"cells": [{"cell_type": kind, "source": source} for kind, source in cells]})
    page = as_markdown(text, "notebooks/x.ipynb")
    assert page.startswith("# One\ntwo\n\nThis page is the notebook `notebooks/x.ipynb`")
    assert page.endswith("\n\n```python\na = 1\na\n```")


@pytest.mark.campaign
def test_no_formula_is_wider_than_a_page():
    formulas = [drawn(block) for page in (ROOT / "docs").rglob("*.md") for block in FORMULA.findall(page.read_text(encoding="utf-8"))]
    widths = [float(width) for svg in formulas for width in re.findall(r'<svg [^>]*\bwidth="([\d.]+)em"', svg)]
    assert len(widths) == len(formulas) > 15
    assert max(widths) < 52
