"""Every independent reference value, where the file of them lies next to the checkout (``../shared/reference/risk_values.json``)."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tests.rules import reference_trading
from tests.rules.inference import reference_answers as inference
from tests.rules.reference_file import content, is_met, needs_file
from tests.rules.risk import market, reference_answers

PARTS = (reference_answers.answers(), reference_trading.answers(), inference.answers())
ANSWERS = {name: answer for part in PARTS for name, answer in part.items()}
REFERENCES = content()["references"]
TRAPS = [one for one in REFERENCES if "WRONG" in one["id"]]
VALUES = [one for one in REFERENCES if "WRONG" not in one["id"]]

#: The arrays the values were made from, where they are at hand in full. Of RRC 600 closes are, and no value is made from the minute bars.
ARRAYS = {
    **{f"bk.{name}": lambda name=name: _traded(name) for name in ("AAPL", "GOOG", "IBM", "MSFT")},
    "sp": market.index_closes,
    "P4": market.four_stocks,
    "fcp": market.mark_pound_percent,
    "smagrid": market.crossovers,
}


def _traded(name: str) -> np.ndarray:
    bars = market.raw_bars(name)
    adjusted = np.array(getattr(market.stocks, name)["adj_close"], dtype=np.float64)
    return np.column_stack([bars.open, bars.high, bars.low, bars.close, adjusted])


@needs_file
def test_every_reference_value_is_checked():
    assert not [one["id"] for one in REFERENCES if one["id"] not in ANSWERS]


@needs_file
def test_the_file_is_whole():
    assert len({one["id"] for one in REFERENCES}) == len(REFERENCES) == content()["meta"]["count"] > 0


def test_no_value_is_answered_in_two_places():
    assert len(ANSWERS) == sum(len(part) for part in PARTS)


@needs_file
@pytest.mark.parametrize("name", ARRAYS)
def test_the_data_are_those_the_values_were_made_from(name):
    digest = hashlib.sha256(np.ascontiguousarray(ARRAYS[name](), dtype="<f8").tobytes()).hexdigest()
    assert digest == content()["datasets"][name]["sha256_float64_le"]


@needs_file
@pytest.mark.parametrize("reference", [pytest.param(one, id=one["id"]) for one in VALUES])
def test_the_reference_value_is_met(reference):
    given = ANSWERS[reference["id"]]()
    assert is_met(given, reference), f"{given} instead of {reference['expected']}: {reference['definition']}"


@needs_file
@pytest.mark.parametrize("reference", [pytest.param(one, id=one["id"]) for one in TRAPS])
def test_the_trap_is_not_stepped_into(reference):
    given = ANSWERS[reference["id"]]()
    assert not is_met(given, reference), reference["definition"]
