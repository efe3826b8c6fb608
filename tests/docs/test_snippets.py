"""Every block of every page is run, by the test of its page or by this one, or says why not; every command that is named exists."""

from __future__ import annotations

import re
import runpy
import shlex
from collections import Counter
from itertools import chain

import pytest
from command_page import every_command
from typer.testing import CliRunner

from framework import load_config
from framework.app.commands.cli import app
from tests.docs.markdown import FENCE, ROOT, blocks

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(
        chain(ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md"), (ROOT / "benchmarks").glob("*.md"), (ROOT / "notebooks").glob("*.md"))
    )
}
#: Pages that a test of their own runs, and the blocks it is known to run: another one has to be added there, and here.
OWN = {
    "README.md": ("test_readme", {"bash": 2, "python": 3, "toml": 1}),
    "docs/account.md": ("test_account_page", {"toml": 2}),
    "docs/audits.md": ("test_audits_page", {"bash": 4, "python": 2}),
    "docs/catalog.md": ("test_catalog_page", {"bash": 1, "python": 2, "toml": 1}),
    "docs/control.md": ("test_tape_and_control_pages", {"bash": 1, "python": 1, "toml": 1}),
    "docs/costs.md": ("test_costs_page", {"toml": 7}),
    "docs/fills.md": ("test_fills_page", {"python": 1, "toml": 1}),
    "docs/migration.md": ("test_migration_page", {"python": 4, "toml": 1}),
    "docs/network.md": ("test_network_page", {"toml": 1}),
    "docs/risk.md": ("test_risk", {"python": 1, "toml": 2}),
    "docs/robinhood.md": ("test_robinhood_page", {"python": 1}),
    "docs/strategies.md": ("test_strategies_page", {"python": 1, "toml": 1}),
    "docs/sweeps.md": ("test_sweeps_page", {"bash": 1, "python": 2}),
    "docs/tape.md": ("test_tape_and_control_pages", {"bash": 1, "python": 1, "toml": 1}),
    "docs/venues.md": ("test_venues_page", {"toml": 1}),
}
RUN, SHOWN = {"bash", "python", "sh", "toml"}, {"console", "csv", "text"}
NOT_RUN = re.compile(r"^<!-- not run: (?P<why>.+) -->\n(?P<block>```.*?^```$)", re.MULTILINE | re.DOTALL)
LEFT_OUT = 2
HEAD = '[strategy]\nclass = "strategies.sma_cross:SmaCross"\n[universe]\nsymbols = ["AAPL"]\n'
CONFIG = HEAD + "[data]\nstart = 2006-01-03\nend = 2006-06-30\n"
COMMANDS = dict(every_command())
TYPED = re.compile(r"^ {4}(onetape [^\n]+)$|`(onetape [^`\n]+)`", re.MULTILINE)


def running(text: str):
    """The blocks of a page that are to be run."""
    return [block for block in blocks(NOT_RUN.sub("", text)) if block.language in RUN]


def test_every_block_says_what_it_is():
    strange = {(page, block.line) for page, text in PAGES.items() for block in blocks(text) if block.language not in RUN | SHOWN}
    assert not strange


def test_no_fence_is_of_a_kind_that_is_not_seen():
    """With a title, indented, or of tildes a block would be shown and never run."""
    marks = {page: re.findall(r"^\s*(?:```|~~~)", text, re.MULTILINE) for page, text in PAGES.items()}
    assert not [page for page, found in marks.items() if len(found) != 2 * len(FENCE.findall(PAGES[page]))]


def test_what_is_not_run_says_why_and_is_counted():
    found = [(page, match["why"]) for page, text in PAGES.items() for match in NOT_RUN.finditer(text)]
    assert len(found) == LEFT_OUT, found


@pytest.mark.parametrize("page", OWN)
def test_a_page_with_a_test_of_its_own_has_no_block_that_it_does_not_know(page):
    module, known = OWN[page]
    assert f'"{page.rpartition("/")[2]}"' in (ROOT / "tests" / "docs" / f"{module}.py").read_text(encoding="utf-8")
    assert Counter(block.language for block in running(PAGES[page])) == known


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if page not in OWN and running(text)])
def test_the_blocks_of_a_page_run_from_top_to_bottom(page, tmp_path, monkeypatch, capsys):
    (tmp_path / "onetape.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for number, block in enumerate(running(PAGES[page])):
        name = block.filename or f"block{number}.{block.language}"
        if block.language in {"python", "toml"}:
            whole = block.text if block.language == "python" or "[strategy]" in block.text else HEAD + block.text
            (tmp_path / name).write_text(whole, encoding="utf-8")
        if block.language == "python":
            runpy.run_path(name, run_name="__main__")
        elif block.language == "toml":
            load_config(name, {})
        else:
            for line in block.text.splitlines():
                done = CliRunner().invoke(app, shlex.split(line, comments=True)[1:])
                assert done.exit_code == 0, (line, done.output)
    capsys.readouterr()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_that_is_typed_exists(page):
    unknown = []
    for first, second in TYPED.findall(FENCE.sub("", PAGES[page])):
        words = (first or second).split("#")[0].replace("\\|", " ").split()
        names = [name for name in COMMANDS if name.split() == words[: len(name.split())]]
        groups = [name for name in COMMANDS if name.split()[: len(words)] == words]
        offered = {option for name in names for one in COMMANDS[name].params for option in (*one.opts, *one.secondary_opts)}
        options = {word.partition("=")[0] for word in words if word.startswith("-") and not re.match(r"-+\d", word)}
        if not (names or groups or len(words) == 1 or words[1].startswith("-")) or (names and options - offered):
            unknown.append(" ".join(words))
    assert not unknown
