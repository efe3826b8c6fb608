"""The page about venues: its table is the one in the code, and its configuration loads."""

from __future__ import annotations

from framework import load_config
from framework.app.assembly.venues import venue_of
from framework.domain.venue_rules import RULES
from tests.docs.markdown import ROOT, blocks

PAGE = (ROOT / "docs" / "venues.md").read_text(encoding="utf-8")
HEAD = '[strategy]\nclass = "exits:Exits"\n[universe]\nsymbols = ["IBM"]\n'


def in_words(rule):
    value = rule.value
    if rule.capability == "extended_hours":
        return "{} min before, {} min after".format(*(part // (60 * 10**9) for part in value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return "none" if value is None else str(value)[1:-1] if isinstance(value, tuple) else str(value)


def test_the_table_is_that_of_the_code():
    rows = [tuple(cell.strip().strip("`") for cell in line.split("|")[1:-1]) for line in PAGE.splitlines() if line.startswith("| `")]
    generic = {rule.capability: in_words(rule) for rule in RULES["generic"]}
    assert rows == [
        (rule.capability, in_words(rule), generic[rule.capability], rule.code, rule.says, rule.source) for rule in RULES["robinhood"]
    ]


def test_the_configuration_loads(tmp_path):
    (config,) = blocks(PAGE)
    (tmp_path / "onetape.toml").write_text(HEAD + config.text, encoding="utf-8")
    rules = venue_of(load_config(tmp_path / "onetape.toml", {}))
    assert (rules.name, rules.fractional) == ("robinhood", True)
