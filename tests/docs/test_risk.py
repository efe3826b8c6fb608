"""The page about risk: its configurations are the defaults, every key is on it, and its strategies run."""

from __future__ import annotations

import tomllib

import pytest

from framework import load_config, run
from framework.rules.guards.state import BREAKERS
from framework.rules.risk.features import FEATURES
from framework.runtime.risk_config import GuardsSection, RebalanceSection
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "risk.md").read_text(encoding="utf-8")
GUARDS, STRATEGIES, REBALANCE = blocks(PAGE)
HEAD = '[universe]\nsymbols = ["AAPL", "IBM", "MSFT"]\n[data]\nstart = 2005-01-03\nend = 2006-12-29\n'


@pytest.mark.parametrize(("block", "name", "section"), [(GUARDS, "guards", GuardsSection), (REBALANCE, "rebalance", RebalanceSection)])
def test_the_configurations_are_the_defaults_and_whole(block, name, section):
    stated = tomllib.loads(block.text)[name]
    assert stated == section().model_dump()


def test_every_breaker_and_feature_is_named():
    said = PAGE.lower().replace("-", " ")
    renamed = {"consecutive_losses": "losing streak", "operator_halt": "operator's halt"}
    assert not [code for code in BREAKERS if renamed.get(code, code).replace("_", " ") not in said]
    assert not [name for name in FEATURES if name not in PAGE and not name.endswith("10d")]


@pytest.mark.parametrize("name", ["Calm", "CalmByWeight"])
def test_the_strategies_trade(name, tmp_path):
    (tmp_path / "calm.py").write_text(STRATEGIES.text, encoding="utf-8")
    (tmp_path / "onetape.toml").write_text(f'[strategy]\nclass = "calm:{name}"\n{HEAD}', encoding="utf-8")
    assert len(run(load_config(tmp_path / "onetape.toml", {}), beside=tmp_path).fills) > 3
