"""From what a user writes, ``fast=5:50`` or ``{"fast": range(5, 51)}``, to a space."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.research.space import Axis, Choices, Interval, Space

if TYPE_CHECKING:
    from framework.research.trial import Value

#: Values of one parameter at most; more is a slip of the pen.
MOST_VALUES = 1_000_000
_FORMS = "FROM:TO, FROM:TO:STEP or A,B,C"
_SWITCH = (("true", True), ("false", False))


def assignments(texts: Iterable[str]) -> dict[str, str]:
    """``NAME=VALUES`` texts as values by name.

    Raises:
        ConfigError: One has another form, or a name stands twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not (name and equals):
            raise ConfigError(f"--param {text!r}: write NAME=VALUES, values as {_FORMS}, for example fast=5:50")
        if name in found:
            raise ConfigError(f"--param {name} is given twice; write all its values in one, such as {name}=5:20,30,40")
        found[name] = values
    return found


def read_space(given: Mapping[str, object], defaults: Mapping[str, Value], owner: str) -> Space:
    """The space of ``given``: values by parameter, as text (a range holds both ends), list, range or array.

    ``defaults`` are all parameters of the strategy ``owner`` with the values they have otherwise, which tell their types.

    Raises:
        ConfigError: An unknown parameter (the nearest is suggested), or values it cannot take.
    """
    if not given:
        raise ConfigError(f"nothing is searched; give --param NAME=VALUES, values as {_FORMS}; {owner} has {_listed(defaults)}")
    return Space(tuple(_axis(name, values, defaults, owner) for name, values in given.items()))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "no parameters"


def _axis(name: str, given: object, defaults: Mapping[str, Value], owner: str) -> Axis:
    if name not in defaults:
        near = difflib.get_close_matches(name, defaults, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {_listed(defaults)}"
        raise ConfigError(f"--param {name}: {owner} has no parameter {name!r}; {hint}")
    kind = type(defaults[name])
    if not isinstance(given, str):
        return _choices(name, _plain_values(name, given, kind))
    if kind is float and "," not in given and given.count(":") == 1:
        return _interval(name, given)
    return _choices(name, [value for piece in given.split(",") for value in _values(name, piece.strip(), kind)])


def _choices(name: str, values: list[Value]) -> Choices:
    if not values:
        raise ConfigError(f"--param {name} has no values; write {_FORMS}")
    if len(values) > MOST_VALUES:
        raise ConfigError(f"--param {name} has more than {MOST_VALUES:,} values; take a larger step")
    if len(set(values)) < len(values):
        twice = next(value for place, value in enumerate(values) if value in values[:place])
        raise ConfigError(f"--param {name}: {_written(twice)} stands in it twice; name it once")
    return Choices(name, tuple(values))


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain_values(name: str, given: object, kind: type) -> list[Value]:
    """Values from Python; numpy's numbers become plain ones."""
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise ConfigError(f"parameter {name} = {given!r}: give its values as a list, a range or text such as '5:50'")
    return [_typed(name, value.item() if hasattr(value, "item") else value, kind) for value in islice(given, MOST_VALUES + 1)]


def _typed(name: str, value: object, kind: type) -> Value:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    allowed = type(value) is kind and not (isinstance(value, float) and not math.isfinite(value))
    if not isinstance(value, bool | int | float | str) or not allowed:
        raise ConfigError(f"parameter {name} cannot be {value!r} (a {type(value).__name__}); it takes {_wanted(kind)}")
    return value


def _wanted(kind: type) -> str:
    return {int: "whole numbers", float: "finite numbers", bool: "true and false", str: "text"}[kind]


def _interval(name: str, text: str) -> Axis:
    """A float's FROM:TO without a step is every number between."""
    low, high = (_number(f"{name}={text}", end, float) for end in text.split(":"))
    _check_order(name, text, low, high)
    return Interval(name, float(low), float(high)) if low < high else Choices(name, (float(low),))


def _values(name: str, text: str, kind: type) -> list[Value]:
    """The values of one part between commas: one value, or a range of numbers."""
    if kind is str:
        return [text]
    if kind is bool:
        if text.lower() not in dict(_SWITCH):
            raise ConfigError(f"--param {name}={text}: it is on or off; write true, false or true,false")
        return [dict(_SWITCH)[text.lower()]]
    numbers = [_number(f"{name}={text}", end, kind) for end in text.split(":")]
    if len(numbers) > 3:
        raise ConfigError(f"--param {name}={text}: a range has two or three parts, FROM:TO or FROM:TO:STEP")
    if len(numbers) == 2 and kind is float:
        raise ConfigError(f"--param {name}={text}: among other values a range of a float needs a step, FROM:TO:STEP")
    low, high, step = (*numbers, Decimal(1))[:3] if len(numbers) > 1 else (numbers[0], numbers[0], Decimal(1))
    _check_order(name, text, low, high)
    if step <= 0:
        raise ConfigError(f"--param {name}={text}: the step is {step}; it must be above 0")
    if high - low >= step * MOST_VALUES:
        raise ConfigError(f"--param {name}={text} has more than {MOST_VALUES:,} values; take a larger step")
    # Decimals, so that the third step of 0.1 is 0.3.
    return [kind(low + step * place) for place in range(int((high - low) // step) + 1)]


def _check_order(name: str, text: str, low: Decimal, high: Decimal) -> None:
    if low > high:
        raise ConfigError(f"--param {name}={text}: the range starts above its end; write the lower number first")


def _number(given: str, text: str, kind: type) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    whole = kind is float or (number.is_finite() and number == number.to_integral_value())
    if not (whole and math.isfinite(float(number))):
        raise ConfigError(f"--param {given}: {text.strip()!r} is not one of its values; it takes {_wanted(kind)}, written as {_FORMS}")
    return number
