"""The page about the account: its configurations load, its file of actions is read, and its figures are those of the rules."""

from __future__ import annotations

from typing import get_args

from data.actions import ACTIONS, read_actions
from framework import load_config
from framework.app.assembly.policies import BORROW_RATE, DEBIT_RATE
from framework.rules.account.goodfaith import RESTRICTION
from framework.rules.account.policy import AccountType
from framework.rules.pretrade.settlement import CYCLES
from framework.runtime.config import DataSection
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "account.md").read_text(encoding="utf-8")
DATA, FILE, ACCOUNT = blocks(PAGE)
HEAD = '[strategy]\nclass = "mine:Mine"\n[universe]\nsymbols = ["META"]\n'


def test_the_configurations_load(tmp_path):
    (tmp_path / "onetape.toml").write_text(HEAD + DATA.text + ACCOUNT.text, encoding="utf-8")
    config = load_config(tmp_path / "onetape.toml", {})
    assert config.data.actions == tmp_path / "actions.csv"
    assert (config.account.type, config.account.debit_rate, config.account.borrow_rate) == ("margin", DEBIT_RATE, BORROW_RATE)


def test_the_file_of_actions_is_read(tmp_path):
    path = tmp_path / "actions.csv"
    path.write_text(FILE.text, encoding="utf-8")
    assert {action.kind for action in read_actions(path)} == set(ACTIONS)


def test_nothing_is_left_out():
    rows = {line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")}
    adjustments = get_args(DataSection.model_fields["adjust"].annotation)
    assert rows - {"adjust", "type"} == {*ACTIONS, *AccountType, *adjustments}


def test_dates_and_days_are_those_of_the_rules():
    assert all(f"{first}" in PAGE for first, _ in CYCLES[:-1])
    assert f"for {RESTRICTION} days" in PAGE
