"""Every independent reference value, where the file of them lies next to the checkout (``../shared/reference/risk_values.json``)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.rules.risk.reference_answers import answers

FILE = Path(__file__).parents[4] / "shared" / "reference" / "risk_values.json"
#: Answered by other modules and their tests: performance, stops, sizing, indicators, overfitting.
ELSEWHERE = (
    *("perf.", "stop.", "size.", "kelly.", "atr14.", "tr.ibm.", "rsi14.", "chandelier.", "si.", "dsr.", "pbo."),
    *("pub.dsr.", "pub.psr.", "pub.mintrl.", "pub.sortino.", "pub.kelly.", "pub.lo2002."),
)
ANSWERS = answers()


def references() -> list[dict]:
    return json.loads(FILE.read_text(encoding="utf-8"))["references"] if FILE.exists() else []


def belongs_here(name: str) -> bool:
    return not name.startswith(ELSEWHERE)


HERE = [one for one in references() if belongs_here(one["id"])]
needs_file = pytest.mark.skipif(not FILE.exists(), reason="the optional file of reference values is not next to the checkout")


def is_met(given: object, reference: dict) -> bool:
    expected, tolerance = reference["expected"], reference["tolerance"]
    if isinstance(expected, (str, list)):
        return given == expected
    return abs(given - expected) <= tolerance["abs"] + tolerance["rel"] * abs(expected)


@needs_file
def test_every_reference_value_is_answered_here_or_named_as_elsewhere():
    assert not [one["id"] for one in HERE if one["id"] not in ANSWERS]


@needs_file
def test_no_reference_value_is_claimed_twice():
    assert not [name for name in ANSWERS if not belongs_here(name)]


@needs_file
@pytest.mark.parametrize("reference", [pytest.param(one, id=one["id"]) for one in HERE if "WRONG" not in one["id"]])
def test_the_reference_value_is_met(reference):
    given = ANSWERS[reference["id"]]()
    assert is_met(given, reference), f"{given} instead of {reference['expected']}: {reference['definition']}"


@needs_file
@pytest.mark.parametrize("reference", [pytest.param(one, id=one["id"]) for one in HERE if "WRONG" in one["id"]])
def test_the_trap_is_not_stepped_into(reference):
    given = ANSWERS[reference["id"]]()
    assert not is_met(given, reference), reference["definition"]
