"""The page on requests, logins and logs says what the code does."""

from __future__ import annotations

import tomllib

from framework.domain.request import Priority
from framework.domain.venue_order import OutcomeKind
from framework.rules.pacing.refusals import LONGEST_HINT
from framework.rules.pacing.window import allowance
from framework.runtime.config import BrokerSection
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "network.md").read_text(encoding="utf-8")


def test_the_settings_on_the_page_are_the_defaults():
    shown = tomllib.loads(next(block.text for block in blocks(PAGE) if block.language == "toml"))["broker"]
    assert BrokerSection.model_validate(shown) == BrokerSection()
    assert set(BrokerSection.model_fields) - set(shown) == {"fractional"}


def test_the_shares_of_a_window_are_those_of_the_rule():
    assert "of five requests,\ndata may use two, status three, entries four" in PAGE
    assert [allowance(5, one) for one in (Priority.DATA, Priority.STATUS, Priority.ENTRY)] == [2, 3, 4]
    assert LONGEST_HINT == 15 * 60


def test_every_outcome_is_on_the_page():
    assert all(f"`{kind}`" in PAGE for kind in OutcomeKind)
