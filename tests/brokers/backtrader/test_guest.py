"""A bt.Strategy in the eyes of the engine: name, first line and parameters."""

from __future__ import annotations

import datetime as dt

import backtrader as bt
import pytest

from brokers.backtrader.guest import guest
from framework.app.assembly.hosting import is_backtrader
from framework.engine.strategy import Strategy, description_of, params_of
from framework.errors import ConfigError


class Base(bt.Strategy):
    params = (("slow", 30),)


class Many(Base):
    """Says what it does.

    And more.
    """

    params = (
        ("fast", 10),
        ("share", 0.5),
        ("name", "x"),
        ("on", True),
        ("free", None),
        ("wait", dt.timedelta(3)),
        ("_hidden", 1),
    )


def test_it_has_the_name_the_first_line_and_the_parameters_of_the_class():
    made = guest(Many, {"fast": 12}, None)
    assert type(made).__name__ == "Many"
    assert description_of(type(made)) == "Says what it does."
    shown = {"slow": 30, "fast": 12, "share": 0.5, "name": "x", "on": True, "free": "None", "wait": "3 days, 0:00:00"}
    assert params_of(made) == shown
    assert made.hosted.kind is Many
    assert dict(made.hosted.values) == {"fast": 12}


def test_a_class_without_words_of_its_own_has_no_description():
    assert description_of(type(guest(Base, {}, None))) == ""


@pytest.mark.parametrize("values", [{"fast": 1.5}, {"share": 1}, {"free": "any"}, {"free": 3}, {"on": False}, {"_hidden": 2}, {"slow": 7}])
def test_values_of_the_kind_of_the_default_are_taken(values):
    assert dict(guest(Many, values, None).hosted.values) == values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fats": 1}, r"Many.params has no 'fats'; did you mean 'fast'\?"),
        ({"zzzzzz": 1}, "it has slow, fast, share, name, on, free, wait, _hidden"),
        ({"fast": "10"}, "Many.params.fast = '10' is a str; it must be a number, as its default 10"),
        ({"fast": True}, "is a bool; it must be a number"),
        ({"on": 1}, "is a int; it must be a bool, as its default True"),
        ({"name": 3}, "it must be a str"),
        ({"wait": 3}, "its default is a timedelta, which a config cannot hold; set it in the class"),
    ],
)
def test_other_values_are_refused_with_what_would_be_right(values, message):
    with pytest.raises(ConfigError, match=message):
        guest(Many, values, None)


@pytest.mark.parametrize(
    ("found", "answer"),
    [(Many, True), (bt.Strategy, True), (bt.SignalStrategy, True), (Strategy, False), (bt.Indicator, False), (3, False)],
)
def test_it_is_told_from_other_classes(found, answer):
    assert is_backtrader(found) is answer
