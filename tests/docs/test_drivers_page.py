"""docs/drivers.md: what is written there is what can be set, and what is done."""

from __future__ import annotations

import re
import tomllib

from framework.app.backtest.compiling import LARGE, SMALL
from framework.compiled.prepare import LARGEST_PRICE
from framework.runtime.config import ENGINES, EngineSection
from tests.docs.markdown import ROOT

PAGE = (ROOT / "docs" / "drivers.md").read_text(encoding="utf-8")


def test_the_config_shown_is_the_default_and_names_every_driver():
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert EngineSection.model_validate(tomllib.loads(block)["engine"]) == EngineSection()
    assert block.partition("#")[2].strip().split(" | ") == list(ENGINES)


def test_the_numbers_of_bars_and_prices_are_those_of_the_code():
    assert f"Fewer than {SMALL:,} bars" in PAGE
    assert f"a run of {LARGE:,} bars or more" in PAGE
    assert f"prices above {LARGEST_PRICE:,.0f}" in PAGE
