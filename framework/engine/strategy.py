"""What a user writes: a strategy and its parameters."""

from __future__ import annotations

import difflib
import inspect
from math import isnan
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

from framework.errors import ConfigError, StrategyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from framework.domain.fill import Fill
    from framework.domain.order import Order
    from framework.engine.context import Context
    from framework.engine.panel import Panel

#: What a parameter may be, and what a person calls it.
_PARAMETER_TYPES: Mapping[type, str] = MappingProxyType({bool: "true or false", int: "a whole number", float: "a number", str: "text"})


class Strategy:
    """Base of event strategies: override ``on_bar`` and what else is needed.

    A typed class attribute is a parameter: ``fast: int = 10``. It is validated, printed and can be set from the config. The
    first line of the class docstring is printed in the report.
    """

    def __init__(self, **params: object) -> None:
        """Set parameters; see ``bind``."""
        bind(self, params)

    def on_start(self, ctx: Context) -> None:
        """Run once before the first bar; ``ctx`` is the same object in every call."""

    def on_bar(self, ctx: Context) -> None:
        """Run after each close, with what ``ctx`` shows up to it; all bars that close at one instant count as one call."""

    def on_order(self, ctx: Context, order: Order) -> None:
        """Run once for every state change of one of this strategy's orders, before the next ``on_bar``.

        ``order`` is a copy as of that change, a refusal (DENIED) included; ``order.changes[-1]`` has its time and reason. A split that
        restates the order counts as a change.
        """

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        """Run after each ``fill`` of one of this strategy's orders, before the next ``on_bar``."""

    def on_stop(self, ctx: Context) -> None:
        """Run once after the last bar."""


class SignalStrategy(Strategy):
    """Base of vectorised strategies: one array of target strengths for the whole history."""

    def signals(self, bars: Panel) -> NDArray[Any]:  # noqa: ARG002 - for the subclass
        """Target strengths for every bar and symbol.

        Row t may use rows 0..t of ``bars`` only. A target is issued when a symbol's signal differs from its last one; NaN says
        "no opinion". After a stop-out there is no re-entry until the signal changes.

        Args:
            bars: Columns open, high, low, close, volume: float64 [T, N], NaN where a symbol had no bar; and risk features by name,
                ``bars.feature("var_95_1d")``.

        Returns:
            [T, N] in [-1, 1]: -1 full short, 0 flat, 1 full long. Numbers, or truth values: those and int8 take an eighth of the memory.

        Raises:
            StrategyError: The class defines none.
        """
        raise StrategyError(f"{type(self).__name__} must define signals(self, bars)")


def parameters_of(strategy: type[Strategy]) -> dict[str, type]:
    """Names and types of a strategy's parameters, base classes first.

    Raises:
        StrategyError: A public attribute has no type, a parameter has no default, or its type is none of bool, int, float, str.
    """
    try:
        hints = get_type_hints(strategy)
    except NameError as error:
        raise StrategyError(f"{strategy.__name__}: a parameter's type cannot be read: {error}") from None
    found: dict[str, type] = {}
    for owner in reversed(strategy.__mro__):
        if owner in {Strategy, SignalStrategy, object}:
            continue
        names = [*inspect.get_annotations(owner), *vars(owner)]
        for name in names:
            if not name.startswith("_") and name not in found and _is_parameter(owner, name, hints):
                found[name] = hints[name]
    return found


def _is_parameter(owner: type, name: str, hints: Mapping[str, type]) -> bool:
    value = inspect.getattr_static(owner, name, None)
    if callable(value) or isinstance(value, (property, staticmethod, classmethod)):
        return False
    if name not in hints:
        raise StrategyError(
            f"{owner.__name__}.{name} = {value!r} has no type; write `{name}: {type(value).__name__} = {value!r}` (or `_{name}`)"
        )
    if getattr(hints[name], "__origin__", None) is ClassVar:
        return False
    if not hasattr(owner, name):
        raise StrategyError(
            f"{owner.__name__}.{name} has no default; write `{name}: {getattr(hints[name], '__name__', hints[name])} = ...`"
        )
    if hints[name] not in _PARAMETER_TYPES:
        raise StrategyError(f"{owner.__name__}.{name}: a parameter is a bool, int, float or str, not {hints[name]}")
    return True


def bind(strategy: Strategy, params: Mapping[str, object]) -> None:
    """Check ``params`` against the strategy's parameters and set them; defaults are checked too.

    Raises:
        StrategyError: The class is wrong (see ``parameters_of``).
        ConfigError: An unknown name (the nearest is suggested) or a value of the wrong type.
    """
    bind_as(strategy, parameters_of(type(strategy)), params)


def bind_as(strategy: Strategy, kinds: Mapping[str, type], params: Mapping[str, object]) -> None:
    """``bind`` where the names and types of its parameters are known already."""
    for name, value in params.items():
        if name not in kinds:
            near = difflib.get_close_matches(name, kinds, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(kinds) or 'no parameters'}"
            raise ConfigError(f"[strategy] params: {type(strategy).__name__} has no parameter {name!r}{hint}")
        if isinstance(value, float) and isnan(value):  # every comparison with it is false: the strategy would quietly never trade
            raise ConfigError(f"[strategy] params: {type(strategy).__name__}.{name} = nan: it must be {_PARAMETER_TYPES[kinds[name]]}")
        setattr(strategy, name, _typed(type(strategy).__name__, name, kinds[name], value))
    for name, kind in kinds.items():
        _typed(type(strategy).__name__, name, kind, getattr(strategy, name))


def _typed(owner: str, name: str, kind: type, value: object) -> object:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
        return value
    raise ConfigError(f"[strategy] params: {owner}.{name} = {value!r}: it must be {_PARAMETER_TYPES[kind]}")


def params_of(strategy: Strategy) -> dict[str, object]:
    """The parameters a strategy runs with."""
    return {name: getattr(strategy, name) for name in parameters_of(type(strategy))}


def description_of(strategy: type[Strategy]) -> str:
    """First line of the class docstring, empty when it has none of its own."""
    text = vars(strategy).get("__doc__") or ""
    return text.strip().splitlines()[0].replace("``", "") if text.strip() else ""
