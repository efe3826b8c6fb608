"""The pages on sizes, numbers, modes and figures: every method, key and figure is there, and the formulas are those of the rules."""

from __future__ import annotations

import re
import tomllib
from typing import get_args

import pytest
from config_page import configuration
from reason_page import reasons
from strategy_page import strategies

from framework.domain import reasons as domain_reasons
from framework.domain.order import OrderStatus
from framework.report.summary import SUMMARY_FIELDS
from framework.rules.pretrade import violations
from framework.rules.sizing import policy as sizing_policy
from framework.rules.sizing.numbers import bases_of, full_size
from framework.rules.sizing.policy import SizingMethod, SizingPolicy
from framework.rules.sizing.sizers import method_number
from framework.runtime.config import Config
from framework.runtime.risk_config import SizingSection, StopsSection
from tests.docs.markdown import ROOT

DOCS = ROOT / "docs"
SIZING = (DOCS / "sizing.md").read_text(encoding="utf-8")
FIGURES = (DOCS / "reference" / "figures.md").read_text(encoding="utf-8")
EQUITY, SLOTS = 100_000.0, 4
POLICY = SizingPolicy(max_position_pct=1.0)
#: The formulas of the page, with the names of the page.
FORMULAS = {
    "var": lambda measure: EQUITY * POLICY.max_position_var_pct / measure,
    "cvar": lambda measure: EQUITY * POLICY.max_position_var_pct / measure,
    "atr": lambda measure: EQUITY * POLICY.risk_per_trade_pct / (POLICY.atr_multiple * measure),
    "volatility": lambda measure: EQUITY / SLOTS * POLICY.target_volatility_pct / measure,
    "kelly": lambda measure: EQUITY * min(POLICY.kelly_fraction * measure, POLICY.kelly_cap),
    "equal": lambda _: EQUITY * POLICY.max_total_exposure_pct / SLOTS,
    "fixed": lambda _: POLICY.fixed_amount,
}


def rows(page, heading):
    """What the first cells of the first table below a heading name."""
    table = page.partition(heading)[2].partition("| --")[0].partition("\n\n|")[2].partition("\n\n")[0]
    return {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1 if line.startswith("|") else 0])}


@pytest.mark.parametrize(
    ("heading", "key", "section"),
    [
        ("## Value at risk of a symbol", "var_method", SizingSection),
        ("## The size of a full-strength position", "method", SizingSection),
        ("## The stop", "method", StopsSection),
    ],
)
def test_every_method_has_its_row(heading, key, section):
    assert rows(SIZING, heading) - {key} == set(get_args(section.model_fields[key].annotation))


@pytest.mark.parametrize("method", SizingMethod)
@pytest.mark.parametrize("measure", [0.011, 0.3])
def test_the_formulas_of_sizes_are_those_of_the_rule(method, measure):
    policy = SizingPolicy(method=method, max_position_pct=1.0)
    number = method_number(policy)
    size, _ = full_size(number, measure, bases_of(number, EQUITY, SLOTS, policy), EQUITY, policy)
    assert size == pytest.approx(min(FORMULAS[method](measure), EQUITY))


def test_every_figure_of_a_summary_is_told_and_no_other():
    told = [name for line in FIGURES.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert told == list(SUMMARY_FIELDS)


def test_every_key_a_formula_names_is_one_of_the_configuration():
    sections = [field.annotation for field in Config.model_fields.values() if hasattr(field.annotation, "model_fields")]
    keys = {name for section in sections for name in section.model_fields}
    known = keys | set(SUMMARY_FIELDS) | {"per_order", "minimum", "max_rate"}
    found = set()
    for page in DOCS.rglob("*.md"):
        for formula in re.findall(r"^```math\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            found |= {name.replace("\\_", "_") for name in re.findall(r"\\mathrm\{([a-z]+(?:\\_[a-z]+)+)\}", formula)}
    assert len(found) > 10
    assert not found - known


def test_every_mode_is_a_column():
    head = (DOCS / "modes.md").read_text(encoding="utf-8").partition("\n| |")[2].partition("\n")[0]
    assert set(re.findall(r"`(\w+)`", head)) == set(get_args(Config.model_fields["mode"].annotation))


def test_every_variable_the_code_reads_is_told():
    page = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8") + configuration()
    source = "".join(
        path.read_text(encoding="utf-8") for folder in ("framework", "brokers", "data") for path in (ROOT / folder).rglob("*.py")
    )
    read = set(re.findall(r'"((?:ONETAPE|ROBINHOOD|ALPACA|POLYGON|HRP|RAY)_[A-Z][A-Z_]*[A-Z])"', source))
    assert len(read) > 15
    own = {name for name in read if name.startswith("ONETAPE_ALERT_URL_")}  # names of the user's, in examples
    own |= {name for name in read if any(one.endswith(f"_{name}") for one in read)}  # the end of another's
    assert not [name for name in read - own if f"`{name}`" not in page]


def test_every_code_of_a_refusal_is_told():
    page = reasons()
    modules = (domain_reasons, violations, sizing_policy)
    codes = {value for one in modules for name, value in vars(one).items() if name.isupper() and isinstance(value, str)}
    sizes = {code for code in codes if code in vars(sizing_policy).values()} - set(sizing_policy.REFUSALS)  # these refuse nothing
    assert not [code for code in codes - sizes if f"| `{code}` |" not in page]


def test_every_extra_that_is_named_exists():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *DOCS.rglob("*.md")))
    named = {extra for some in re.findall(r"onetape\[([\w,]+)\]", pages) for extra in some.split(",")}
    assert len(named) > 5
    assert named <= set(extras)


def test_every_state_is_in_the_picture_of_an_orders_life():
    drawn = set(re.findall(r">([A-Z_]{4,})<", (DOCS / "pictures" / "life-of-an-order.svg").read_text(encoding="utf-8")))
    assert drawn == {status.name for status in OrderStatus}


def test_every_parameter_of_a_strategy_has_its_default_and_a_meaning():
    rows = [line.split(" | ") for line in strategies().splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    assert not [row for row in rows if len(row) != 4 or len(row[3]) < 8]
    assert ["| `fast`", "`int`", "`10`"] in [row[:3] for row in rows]
