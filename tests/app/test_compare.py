"""Two runs side by side: what parted, and every cent of the difference put where it belongs."""

from __future__ import annotations

import json

import pytest

from framework.app.compare import facts_of_run
from framework.app.run import run
from framework.report.divergence import divergence
from tests.app.project import call, config, tree, write

#: AAPL has a split in February 2005 and IBM pays dividends.
BASE = {"data": {"start": "2004-06-01", "end": "2006-06-30"}, "fills": {"slippage": {"model": "bps", "bps": 2}}}
CENT = 10_000


@pytest.fixture
def base(folder):
    return facts_of_run(run(tree(**BASE)).save(folder / "base"))


def other(folder, **sections):
    merged = {name: {**BASE.get(name, {}), **sections.get(name, {})} for name in {*BASE, *sections}}
    return facts_of_run(run(tree(**merged)).save(folder / "other"))


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"fills": {"slippage": {"model": "bps", "bps": 40}}}, "slippage"),
        ({"fills": {"max_volume_share": 1e-6}}, "missing"),
        ({"fills": {"fees": {"rate": 0.001}}}, "fees"),
        ({"account": {"cash": 250_000}}, "cash"),
        ({"strategy": {"params": {"fast": 4, "slow": 20}}}, "strategy"),
        ({"data": {"end": "2006-01-20"}}, "marks"),
        ({"universe": {"symbols": ["AAPL"]}}, "account"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_cent_of_the_difference_is_explained(folder, base, changed, where):
    found = divergence(base, other(folder, **changed))
    parts = {name: sum(amounts.values()) for name, amounts in found.components.items()}
    assert sum(parts.values()) == found.total != 0
    assert abs(parts["rounding"]) < CENT
    assert parts[where]


def test_a_run_differs_in_nothing_from_itself(base):
    found = divergence(base, base)
    assert (found.total, found.decisions[1:], found.first) == (0, (0, 0), ("", ""))
    assert not any(found.components.values())


def test_the_command_says_it_in_a_sentence_a_page_and_a_document(folder):
    write(config(), folder)
    call("backtest", "--out", "one", "--quiet")
    call("paper", "--rehearse", "--out", "two", "--quiet")
    same = call("compare", "one", "two", "--out", "page.html")
    assert same.code == 0
    assert "took the same" in same.out
    assert "earned the same" in same.out
    write(config(fills={"slippage": {"model": "bps", "bps": 50}}), folder)
    call("backtest", "--out", "three", "--quiet")
    apart = call("compare", "one", "three", "--out", "page.html", "--json")
    found = json.loads(apart.out)
    assert found["components"]["slippage"] > 0
    assert sum(found["components"].values()) == pytest.approx(found["difference"], abs=0.01)
    page = (folder / "page.html").read_text()
    assert "one less three" in page
    assert "://" not in page


def test_a_folder_without_a_tape_is_refused(folder):
    (folder / "empty").mkdir()
    assert call("compare", "empty", "empty").code == 3
