"""What docs/sessions.md shows of a config is a config, and the values it shows are the defaults."""

from __future__ import annotations

import tomllib

import pytest

from framework.runtime.config import Config
from framework.runtime.loading import validated
from tests.app.project import tree
from tests.docs.markdown import ROOT, blocks

PAGE = ROOT / "docs" / "sessions.md"


def shown() -> list[dict[str, object]]:
    return [tomllib.loads(one.text) for one in blocks(PAGE.read_text(encoding="utf-8")) if one.language == "toml"]


def test_every_block_is_a_part_of_a_config():
    assert len(shown()) == 4
    for part in shown():
        assert validated({**tree(), **part}, "docs/sessions.md")


@pytest.mark.parametrize("section", ["promotion", "session", "shadow", "alerts"])
def test_the_values_shown_are_the_defaults(section):
    (part,) = [one[section] for one in shown() if section in one]
    defaults = Config.model_validate(tree()).model_dump()[section]
    assert {name: defaults[name] for name in part if name != "targets"} == {
        name: value for name, value in part.items() if name != "targets"
    }
