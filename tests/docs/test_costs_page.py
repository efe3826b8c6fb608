"""The configurations on the page about costs load, and every model there is has a line on it."""

from __future__ import annotations

from typing import get_args

import pytest

from framework import load_config
from framework.app.assembly.costs import fee_schedule, slippage_model
from framework.domain.values import MICRO
from framework.rules.costs.fees import Traded, charge
from framework.rules.costs.slippage import UNKNOWN, Taking
from framework.runtime.cost_config import Fees, Slippage
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
BLOCKS = [block for block in blocks(PAGE) if block.language == "toml"]
HEAD = '[strategy]\nclass = "strategies.momentum:MomentumRotation"\n[universe]\nsymbols = ["AAPL"]\n'
TABLE = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith(("| `{", '| `"'))]


def models(folder, fills):
    """The models of slippage and fees that a config with these ``fills`` gives."""
    (folder / "onetape.toml").write_text(HEAD + fills, encoding="utf-8")
    config = load_config(folder / "onetape.toml", {})
    return slippage_model(config), fee_schedule(config)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.filename is None], ids=lambda block: f"line {block.line}")
def test_every_configuration_gives_models(block, tmp_path):
    for named in (one for one in BLOCKS if one.filename):
        (tmp_path / named.filename).write_text(named.text, encoding="utf-8")
    slippage, _ = models(tmp_path, block.text)
    assert slippage.distance(Taking(50 * MICRO, 1000 * MICRO, "market", 0), UNKNOWN) > 0


@pytest.mark.parametrize(("value", "dollars"), list(zip(TABLE, (0.0, 0.0, 1.0, 5.0, 50.0, 3.5), strict=True)))
def test_every_row_of_the_table_of_fees_charges_a_purchase_of_1000_shares_at_50_dollars(value, dollars, tmp_path):
    _, fees = models(tmp_path, f"[fills]\nfees = {value}\n")
    assert charge(fees, Traded(1, 0), 1000 * MICRO, 50 * MICRO) == dollars * MICRO


def test_the_first_configuration_is_the_default(tmp_path):
    assert models(tmp_path, BLOCKS[0].text) == models(tmp_path, "")


def test_nothing_is_left_out():
    assert not [key for key in (*Slippage.model_fields, *Fees.model_fields) if f"{key} =" not in PAGE]
    assert not [model for model in get_args(Slippage.model_fields["model"].annotation) if f"| `{model}` |" not in PAGE]
