"""Two runs side by side: what parted, and every cent of the difference put where it belongs."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from framework import Strategy
from framework.app.backtest.run import run
from framework.app.compare.compare import facts_of_run
from framework.report.divergence import divergence
from framework.report.divergence_page import page, said
from tests.app.project import COLUMNS, ROWS, call, config, tree, write

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


def test_the_first_decision_that_is_not_shared_is_told_in_words(folder, base):
    found = divergence(base, other(folder, strategy={"params": {"fast": 4, "slow": 20}}))
    shown = page(base, base, found)
    assert "gtc (target 1" in shown
    assert "000000, " not in shown


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            '[1354654800000000000, "GOOG", "buy", 1234567000000, "limit", 1234560000, null, null, "percentage", "gtc", "target 1"]',
            "2012-12-04 21:00 UTC: buy 1,234,567 GOOG limit limit 1,234.56 gtc (target 1)",
        ),
        (
            '[1354654800000000000, "BRK.B", "sell", 500000, "trailing_stop", null, 95000000, 5000000, "percentage", "day", "stop"]',
            "2012-12-04 21:00 UTC: sell 0.5 BRK.B trailing_stop stop 95 trail 5% day (stop)",
        ),
        ("", ""),
    ],
)
def test_a_decision_is_told_with_its_shares_and_prices(line, words):
    assert said(line) == words


def test_a_folder_without_a_tape_is_refused(folder):
    (folder / "empty").mkdir()
    assert call("compare", "empty", "empty").code == 3


class Buys(Strategy):
    """Odd lots, which a split of 3 for 2 leaves parts of shares of."""

    shares: int = 101

    def on_bar(self, ctx):
        if ctx.now.day == 5:
            ctx.buy("IBM", self.shares)


def test_a_part_of_a_share_that_was_paid_in_cash_is_no_rounding(folder):
    table = pd.DataFrame([(*row, 1.5 if number == 30 else 1.0) for number, row in enumerate(ROWS)], columns=(*COLUMNS, "split"))
    for name in ("open", "high", "low", "close"):
        table.loc[30:, name] = (table.loc[30:, name] / 1.5).round(2)
    facts = []
    for shares in (100, 101):
        settings = tree(
            universe={"symbols": ["IBM"]},
            strategy={"class": "x:Buys", "params": {"shares": shares}},
            data={"start": None, "end": None},
            limits={"profile": "venue"},
            broker={"name": "robinhood", "fractional": False},
        )
        found = run(settings, {"IBM": table}, strategy=Buys)
        facts.append(facts_of_run(found.save(folder / str(shares))))
    assert facts[1].account["cash_in_lieu"]
    rounding = divergence(*facts).components["rounding"]
    assert abs(rounding.get("", 0)) < CENT
