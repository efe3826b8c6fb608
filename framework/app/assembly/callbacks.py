"""Slips of the pen in a strategy's callbacks, found before it runs."""

from __future__ import annotations

import difflib
import inspect
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.engine.strategy import SignalStrategy, Strategy
from framework.errors import StrategyError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What each callback is called with.
_CALLBACKS = MappingProxyType(
    {
        "on_start": ("self", "ctx"),
        "on_bar": ("self", "ctx"),
        "on_order": ("self", "ctx", "order"),
        "on_fill": ("self", "ctx", "fill"),
        "on_stop": ("self", "ctx"),
        "signals": ("self", "bars"),
    }
)


def check_callbacks(kind: type[Strategy], place: str) -> None:
    """Refuse a class that could not be called, or would never trade; ``place`` names it.

    Raises:
        StrategyError: It has no callback of its own (a slip such as ``on_bars``), or one does not take what it is given.
    """
    own = [name for name in _CALLBACKS if getattr(kind, name, None) not in _inherited(name)]
    problem = next(filter(None, (_untakeable(kind, name) for name in own)), "") if own else _nothing(kind)
    if problem:
        raise StrategyError(f"[strategy] class = {place!r}: {kind.__name__}{problem}")


def _inherited(name: str) -> Sequence[object]:
    return (getattr(SignalStrategy, name), getattr(Strategy, name, None), None)


def _untakeable(kind: type[Strategy], name: str) -> str:
    callback, given = getattr(kind, name), _CALLBACKS[name]
    try:
        inspect.signature(callback).bind(*given)
    except TypeError as error:
        return f".{name} cannot be called ({error}); write def {name}({', '.join(given)})"
    if any(asks(callback) for asks in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)):
        return f".{name} would never run: it is a coroutine or a generator; take async, await and yield out of it"
    return ""


def _nothing(kind: type[Strategy]) -> str:
    names = [name for name in vars(kind) if not name.startswith("__")]
    near = [(name, found[0]) for name in names if (found := difflib.get_close_matches(name, _CALLBACKS, 1))]
    hint = (
        f"is {near[0][0]!r} meant to be {near[0][1]!r}?"
        if near
        else "define on_bar(self, ctx), or derive from SignalStrategy and define signals"
    )
    return f" defines neither on_bar nor signals, so it would never trade; {hint}"
