"""The page about strategies: every class on it is there, its programs run, its configuration trades."""

from __future__ import annotations

import importlib
import re

import pandas as pd
import pytest

from framework import Strategy, run
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
PLACES = re.findall(r"^\| `(strategies\.\w+:\w+)` \|", PAGE, re.MULTILINE)
FILES = {block.filename: block.text for block in blocks(PAGE) if block.filename}


@pytest.mark.parametrize("place", PLACES)
def test_a_class_on_the_page_is_a_strategy_that_says_what_it_bets_on_and_where_it_fails(place):
    module, _, name = place.partition(":")
    kind = getattr(importlib.import_module(module), name)
    assert issubclass(kind, Strategy)
    assert "ets on" in kind.__doc__ or "Bets that" in kind.__doc__
    assert re.search(r"fails|loses", kind.__doc__)
    assert "Parameters:" in kind.__doc__


def test_no_strategy_is_missing_on_the_page():
    found = set()
    for path in (ROOT / "strategies").glob("*.py"):
        module = importlib.import_module(f"strategies.{path.stem}") if path.stem != "__init__" else None
        found |= (
            {f"strategies.{path.stem}:{name}" for name, one in vars(module or object()).items() if owned(one, module)} if module else set()
        )
    assert found == set(PLACES)


def owned(one, module):
    return isinstance(one, type) and issubclass(one, Strategy) and one.__module__ == module.__name__


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_strategy_of_two_questions_trades():
    data = {"start": "2006-01-03", "end": "2006-06-30"}
    done = run({"strategy": {"class": "dips:Dips"}, "universe": {"symbols": ["IBM"]}, "data": data})
    assert done.summary["trades"] > 3


def test_the_configuration_trades_the_predictions(folder):
    days = pd.date_range("2006-01-03", "2006-06-30", freq="7D", tz="UTC")
    rows = [(day, symbol, 0.8 if place % 2 else 0.1) for place, day in enumerate(days) for symbol in ("AAPL", "IBM")]
    pd.DataFrame(rows, columns=["timestamp", "symbol", "probability"]).to_csv(folder / "predictions.csv", index=False)
    assert run(folder / "onetape.toml").summary["trades"] > 3
