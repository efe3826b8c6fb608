"""Slippage and fees as a user writes them: what is meant, and what is refused with a remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tomli_w

from framework.errors import ConfigError
from framework.rules.costs.slippage import FittedRow
from framework.runtime.fitted_slippage import fitted_slippage
from framework.runtime.loading import load_config, validated

BASE = {"strategy": {"class": "a:B"}, "universe": {"symbols": ["AAPL"]}}
GOOD = {"version": 1, "rows": [{"intercept_bps": 1.5, "impact": 0.8}, {"order_type": "limit", "hour": 9, "intercept_bps": 4}]}


def fills(**section):
    return validated({**BASE, "fills": section}, "c.toml").fills


def refusal(**section):
    with pytest.raises(ConfigError) as caught:
        fills(**section)
    return str(caught.value).removeprefix("c.toml: ")


@pytest.mark.parametrize(
    "slippage",
    [
        "none",
        {"model": "none"},
        {"bps": 3},
        {"model": "half_spread", "bps": 1},
        {"model": "half_spread", "dollars": 0.005},
        {"model": "half_spread", "estimate": "corwin_schultz", "sessions": 60, "bps": 5},
        {"model": "impact", "coefficient": 0.7, "dollars": 0.01, "sessions": 10},
        {"model": "impact", "estimate": "corwin_schultz"},
        {"model": "fitted", "file": "mine.toml", "sessions": 40},
    ],
)
def test_slippage_that_means_one_thing_is_taken(slippage):
    section = fills(slippage=slippage).slippage
    written = {"model": slippage} if isinstance(slippage, str) else slippage
    assert {key: getattr(section, key) for key in written} == {key: Path(one) if key == "file" else one for key, one in written.items()}


@pytest.mark.parametrize(
    ("slippage", "says"),
    [
        ("impcat", "[fills] slippage.model = \"impcat\": choose none, bps, half_spread, impact, fitted; did you mean 'impact'?"),
        ({"model": "none", "bps": 3}, '[fills] slippage bps is not used by model = "none"; it has no keys'),
        ({"coefficient": 2}, '[fills] slippage coefficient is not used by model = "bps"; it knows bps'),
        (
            {"model": "half_spread", "file": "x"},
            '[fills] slippage file is not used by model = "half_spread"; it knows bps, dollars, estimate, sessions',
        ),
        (
            {"model": "half_spread", "bps": 3, "dollars": 0.01},
            "[fills] slippage dollars is the half spread already; leave out bps and estimate, or dollars",
        ),
        (
            {"model": "impact", "estimate": "corwin_schultz", "dollars": 0.01},
            "[fills] slippage dollars is the half spread already; leave out bps and estimate, or dollars",
        ),
        (
            {"model": "half_spread", "sessions": 5},
            '[fills] slippage sessions is used by an estimate only; add estimate = "corwin_schultz" or leave sessions out',
        ),
        ({"model": "half_spread", "estimate": "roll"}, '[fills] slippage.estimate = "roll": this version knows only "corwin_schultz"'),
        ({"model": "half_spread", "dollars": 0}, "[fills] slippage.dollars = 0: must be above 0"),
        ({"model": "impact", "sessions": 2}, "[fills] slippage.sessions = 2: must be at least 3"),
        ({"model": "impact", "coefficient": -1}, "[fills] slippage.coefficient = -1: must be at least 0"),
        ("fitted", '[fills] slippage model = "fitted" needs file, the name of a file of parameters; see docs/costs.md'),
    ],
)
def test_slippage_that_does_not_is_refused_with_a_remedy(slippage, says):
    assert refusal(slippage=slippage) == says


@pytest.mark.parametrize(
    "fees",
    [
        {"per_order": 1.0},
        {"per_share": 0.005, "minimum": 1.0, "max_rate": 0.01},
        {"rate": 0.001, "regulatory": True},
        {"tiers": [[300_000, 0.0035], [3_000_000, 0.002]], "minimum": 0.35, "max_rate": 0.01},
        {},
    ],
)
def test_fees_are_taken(fees):
    section = fills(fees=fees).fees
    assert {key: getattr(section, key) for key in fees} == {
        key: tuple(map(tuple, one)) if key == "tiers" else one for key, one in fees.items()
    }


@pytest.mark.parametrize(
    ("fees", "says"),
    [
        ({"per_share": 1, "tiers": [[1, 1]]}, "[fills] fees per_share and tiers are two prices of a share; keep one"),
        ({"tiers": [[5, 1], [5, 2]]}, "[fills] fees tiers must be in order, the smallest number of shares first"),
        ({"tiers": [[5, 1, 2]]}, "[fills] fees.tiers = [[5, 1, 2]]: must be a list of pairs [shares a month, dollars a share]"),
        ({"tiers": 0.01}, "[fills] fees.tiers = 0.01: must be a list of pairs [shares a month, dollars a share]"),
        ({"tiers": [[0, 1]]}, "[fills] fees.tiers, item 1, item 1 = 0: must be above 0"),
        ({"tiers": [[5, "x"]]}, '[fills] fees.tiers, item 1, item 2 = "x": must be a number, without quotes'),
        ({"per_order": -1}, "[fills] fees.per_order = -1: must be at least 0"),
        ({"max_rate": 0}, "[fills] fees.max_rate = 0: must be above 0"),
        ({"regulatory": "sometimes"}, '[fills] fees.regulatory = "sometimes": must be true or false, without quotes'),
        ({"per_oder": 1}, "unknown key [fills] fees.per_oder; did you mean 'per_order'?"),
    ],
)
def test_wrong_fees_are_refused_with_a_remedy(fees, says):
    assert refusal(fees=fees) == says


def test_the_file_of_parameters_is_relative_to_the_config(tmp_path):
    tree = {**BASE, "fills": {"slippage": {"model": "fitted", "file": "mine.toml"}}}
    (tmp_path / "c.toml").write_text(tomli_w.dumps(tree))
    assert load_config(tmp_path / "c.toml", {}).fills.slippage.file == tmp_path / "mine.toml"
    tree["fills"]["slippage"]["file"] = "/elsewhere/mine.toml"
    (tmp_path / "c.toml").write_text(tomli_w.dumps(tree))
    assert load_config(tmp_path / "c.toml", {}).fills.slippage.file == Path("/elsewhere/mine.toml")


# --- the file of parameters


def parameters(folder, content, name="mine.toml"):
    """The model in a file with ``content``: text, bytes or a tree."""
    path = folder / name
    if isinstance(content, dict):
        content = json.dumps(content) if name.endswith(".json") else tomli_w.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return fitted_slippage(path, 20, lambda _: None)


@pytest.mark.parametrize("name", ["mine.toml", "mine.json"])
def test_a_file_of_parameters_is_read(tmp_path, name):
    model = parameters(tmp_path, GOOD, name)
    assert model.rows == (FittedRow(1.5e-4, 0.8), FittedRow(4e-4, 0.0, "limit", 9))
    assert model.sessions == 20


ROW = {"intercept_bps": 1.0}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"rows": [ROW]}, "version is missing; write version = 1"),
        ({"version": 2, "rows": [ROW]}, "version = 2: this version reads files of version 1; fit the parameters again"),
        ({"version": 1}, "rows is missing; write rows = ..."),
        ({"version": 1, "rows": []}, "rows = []: must hold at least one"),
        ({"version": 1, "rows": [{}]}, "rows item 1 intercept_bps is missing; write intercept_bps = ..."),
        ({"version": 1, "rows": [ROW, {"intercept_bps": -1.0, "hour": 9}]}, "rows item 2 intercept_bps = -1.0: must be at least 0"),
        ({"version": 1, "rows": [{**ROW, "hour": 24}]}, "rows item 1 hour = 24: must be at most 23"),
        ({"version": 1, "rows": [{**ROW, "order_type": "stop"}]}, 'rows item 1 order_type = "stop": choose market, limit, stop_loss'),
        ({"version": 1, "rows": [{**ROW, "impcat": 1}]}, "unknown key rows item 1 impcat; did you mean 'impact'?"),
        ({"version": 1, "rows": [ROW], "zzz": 1}, "unknown key zzz; known there: version, rows"),
        ({"version": 1, "rows": [{**ROW, "hour": 9}]}, "no row is for any order type and any hour; add one without order_type and hour"),
        ({"version": 1, "rows": [ROW, ROW]}, "two rows are for order_type = any and hour = any; keep one"),
        ("version = ", "is not valid TOML: "),
        (b"\xff", "cannot be read: it is not UTF-8 text; [fills] slippage.file names the file of parameters"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_with_its_name_and_a_remedy(tmp_path, content, says):
    with pytest.raises(ConfigError) as caught:
        parameters(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.toml'}: {says}")


@pytest.mark.parametrize("text", ["[1]", "5", "null", '{"version": 1, "rows": [{"intercept_bps": NaN}]}', "[" * 10_000])
def test_a_json_file_that_holds_something_else_is_refused(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        parameters(tmp_path, text, "mine.json")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'mine.json'}: ")
    assert not [word for word in ("nput", "instance", "pydantic") if word in message]


def test_a_file_that_is_a_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        fitted_slippage(tmp_path, 20, lambda _: None)
