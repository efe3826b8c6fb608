"""The page about fills: its configuration loads, its strategy runs, and every path and time in force has a line on it."""

from __future__ import annotations

from typing import get_args

from framework import load_config, run
from framework.domain.order import TimeInForce
from framework.runtime.config import FillsSection
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "fills.md").read_text(encoding="utf-8")
CONFIG, STRATEGY = blocks(PAGE)
HEAD = '[strategy]\nclass = "exits:Exits"\n[universe]\nsymbols = ["IBM"]\n'
MONTHS = '[data]\nstart = 2006-01-03\nend = 2006-06-30\nwarmup = 0\n[stops]\nattach = "never"\n'


def test_the_configuration_loads(tmp_path):
    (tmp_path / "onetape.toml").write_text(HEAD + CONFIG.text, encoding="utf-8")
    config = load_config(tmp_path / "onetape.toml", {})
    assert (config.fills.path, config.data.finer, config.data.finer_path) == ("finer", "5m", tmp_path / "minutes")


def test_the_strategy_sells_once_of_each_pair(tmp_path):
    (tmp_path / "exits.py").write_text(STRATEGY.text, encoding="utf-8")
    (tmp_path / "onetape.toml").write_text(HEAD + MONTHS, encoding="utf-8")
    fills = run(tmp_path / "onetape.toml").fills
    assert fills["side"].tolist() == ["buy", "sell"]
    assert fills["quantity"].tolist() == [10, 10]


def test_nothing_is_left_out():
    rows = {line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")}
    assert rows - {"time_in_force"} == {*TimeInForce, *get_args(FillsSection.model_fields["path"].annotation)}
