"""What a user writes for the values of a parameter, and what it means."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.errors import ConfigError
from framework.research.reading import assignments, read_space
from framework.research.space import Choices, Interval

DEFAULTS = {"fast": 10, "slow": 30, "share": 0.5, "loud": False, "mode": "a"}


def axis(name, values):
    (found,) = read_space({name: values}, DEFAULTS, "Toy").axes
    return found


def values_of(name, values):
    return list(axis(name, values).values)


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("fast", "5", [5]),
        ("fast", "5:8", [5, 6, 7, 8]),
        ("fast", "-2:2:2", [-2, 0, 2]),
        ("fast", "20:50:20", [20, 40]),
        ("fast", "1:3,10,20:30:5", [1, 2, 3, 10, 20, 25, 30]),
        ("fast", " 5 , 1e1 ", [5, 10]),
        ("share", "0.1:0.5:0.1", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("share", "1,2.5", [1.0, 2.5]),
        ("share", "3:3", [3.0]),
        ("loud", "true,FALSE", [True, False]),
        ("mode", "a,b:c, d", ["a", "b:c", "d"]),
    ],
)
def test_text_gives_values_of_the_parameter_s_type(name, text, values):
    found = values_of(name, text)
    assert found == values
    assert {type(value) for value in found} == {type(DEFAULTS[name])}


@given(st.integers(-1000, 1000), st.integers(0, 300), st.integers(1, 40))
def test_a_range_of_whole_numbers_holds_both_ends_and_every_step_between(low, width, step):
    assert values_of("fast", f"{low}:{low + width}:{step}") == list(range(low, low + width + 1, step))


@given(st.integers(-500, 500), st.integers(0, 60), st.integers(1, 9), st.integers(0, 4))
def test_a_range_of_floats_has_the_nearest_float_of_every_step(low, steps, step, digits):
    unit = Fraction(1, 10**digits)
    text = ":".join(f"{float(number * unit):.{digits}f}" for number in (low, low + steps * step, step))
    wanted = [float((low + place * step) * unit) for place in range(steps + 1)]
    found = [low * float(unit)] if steps == 0 and isinstance(axis("share", text), Interval) else values_of("share", text)
    assert found == wanted


def test_two_ends_of_a_float_are_everything_between():
    found = axis("share", "0.25:0.75")
    assert found == Interval("share", 0.25, 0.75)
    assert [found.at(0.0), found.at(0.5)] == [0.25, 0.5]


@pytest.mark.parametrize(
    ("name", "values", "wanted"),
    [
        ("fast", range(5, 8), (5, 6, 7)),
        ("fast", np.arange(5, 8), (5, 6, 7)),
        ("share", [1, 0.5], (1.0, 0.5)),
        ("share", np.linspace(0, 1, 3), (0.0, 0.5, 1.0)),
        ("loud", (True, False), (True, False)),
        ("mode", {"b"}, ("b",)),
    ],
)
def test_python_s_own_collections_are_taken_as_they_are(name, values, wanted):
    found = axis(name, values)
    assert found == Choices(name, wanted)
    assert {type(value) for value in found.values} == {type(DEFAULTS[name])}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("fats", "5:50", "Toy has no parameter 'fats'; did you mean 'fast'"),
        ("zzz", "5:50", "Toy has no parameter 'zzz'; it has fast, slow, share, loud, mode"),
        ("fast", "five", "'five' is not one of its values; it takes whole numbers"),
        ("fast", "5.5", "'5.5' is not one of its values; it takes whole numbers"),
        ("fast", "5:", "'' is not one of its values"),
        ("fast", "", "'' is not one of its values"),
        ("fast", "50:5", "fast=50:5: the range starts above its end; write the lower number first"),
        ("fast", "5:50:0", "the step is 0; it must be above 0"),
        ("fast", "5:50:-5", "the step is -5; it must be above 0"),
        ("fast", "1:2:3:4", "a range has two or three parts"),
        ("fast", "0:9999999", "more than 1,000,000 values; take a larger step"),
        ("fast", "1,2,1", "1 stands in it twice; name it once"),
        ("fast", "1e999", "'1e999' is not one of its values"),
        ("share", "0:1e300:1e-300", "more than 1,000,000 values"),
        ("share", "nan", "it takes finite numbers"),
        ("share", "inf", "it takes finite numbers"),
        ("share", "0.1:0.5,0.9", "a range of a float needs a step"),
        ("loud", "yes", "write true, false or true,false"),
        ("loud", "true,true", "true stands in it twice"),
        ("fast", [], "--param fast has no values"),
        ("fast", [5.0], r"fast cannot be 5.0 \(a float\); it takes whole numbers"),
        ("fast", [True], r"fast cannot be True \(a bool\); it takes whole numbers"),
        ("share", [float("nan")], "share cannot be nan"),
        ("loud", [1], r"loud cannot be 1 \(a int\); it takes true and false"),
        ("fast", 5, "give its values as a list, a range or text"),
        ("fast", {"low": 5}, "give its values as a list, a range or text"),
        ("fast", range(10**7), "fast has more than 1,000,000 values; take a larger step"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_key_value_and_remedy(name, values, message):
    with pytest.raises(ConfigError, match=message) as caught:
        axis(name, values)
    assert name in str(caught.value)


def test_nothing_to_search_is_refused():
    with pytest.raises(ConfigError, match=r"give --param NAME=VALUES, .*; Toy has fast, slow"):
        read_space({}, DEFAULTS, "Toy")


def test_assignments_are_taken_apart():
    assert assignments(["fast=5:50", " mode = a=b,c "]) == {"fast": "5:50", "mode": "a=b,c"}


@pytest.mark.parametrize(
    ("texts", "message"), [(["fast"], "'fast': write NAME=VALUES"), (["=5"], "'=5'"), (["a=1", "a=2"], "a is given twice")]
)
def test_other_forms_are_refused(texts, message):
    with pytest.raises(ConfigError, match=message):
        assignments(texts)
