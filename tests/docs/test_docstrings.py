"""What ``from framework import ...`` gives says what it is: every name, every argument, every field and value."""

from __future__ import annotations

import enum
import inspect
import re
from dataclasses import fields, is_dataclass

import pytest

import framework
from tests.docs.markdown import ROOT

NAMES = [name for name in framework.__all__ if name != "Config"]  # its keys have descriptions: see test_site.py


def own(kind):
    """The public functions a class defines itself, properties left out: they are what they are called."""
    return [(name, one) for name, one in vars(kind).items() if inspect.isfunction(one) and not name.startswith("_")]


def told(docstring, name):
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", docstring or "") is not None


def parts(kind):
    """What a value of the class consists of."""
    if is_dataclass(kind):
        return [field.name for field in fields(kind) if not field.name.startswith("_")]
    return [member.value for member in kind] if issubclass(kind, enum.Enum) else list(getattr(kind, "_fields", ()))


def silent(one):
    """Arguments and fields of a class or function about which nothing is said."""
    if not inspect.isclass(one):
        return [name for name in inspect.signature(one).parameters if not told(one.__doc__, name)]
    missing = [name for name in parts(one) if not told(one.__doc__, name)]
    for method, function in own(one):
        # Those of buy are those of sell, which says so; ctx is the context everywhere.
        known = "with the arguments of" in (function.__doc__ or "")
        names = [] if known else [name for name in inspect.signature(function).parameters if name not in {"self", "ctx"}]
        missing += [f"{method}({name})" for name in names if not told(function.__doc__, name)]
    return missing


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_field_and_value_is_told(name):
    assert not silent(getattr(framework, name))


@pytest.mark.parametrize("name", NAMES)
def test_every_member_has_a_docstring(name):
    kind = getattr(framework, name)
    members = vars(kind).items() if inspect.isclass(kind) else ()
    public = [
        (one, value)
        for one, value in members
        if not one.startswith("_") and (isinstance(value, (property, classmethod)) or inspect.isfunction(value))
    ]
    assert inspect.getdoc(kind)
    assert not [one for one, value in public if not inspect.getdoc(value)]


def test_silence_is_heard():
    def told_half(first, second):
        """Take ``first``."""

    assert silent(told_half) == ["second"]


def test_ruff_asks_for_a_docstring_of_every_public_name():
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'select = ["ALL"]' in settings
    # Magic methods do what their names say, and a class says what its __init__ takes.
    assert set(re.findall(r'^    "(D\d+)",', settings, re.MULTILINE)) == {"D105", "D107"}
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("framework", "brokers", "data", "strategies")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert not [text for text in sources if re.search(r"noqa: D\d", text)]
