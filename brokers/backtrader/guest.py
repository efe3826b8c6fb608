"""A ``bt.Strategy`` as the engine knows strategies: by its name, its first line and its parameters. Cerebro calls its methods."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import backtrader as bt

from framework.engine.strategy import Strategy
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    #: ``build(cerebro, feeds)``: adds data and whatever else a script adds to its Cerebro.
    Build = Callable[[Any, dict[str, Any]], object]

_SIMPLE = (bool, int, float, str)


@dataclass(slots=True, eq=False)
class Hosted:
    """What runs: the class, the parameters that were configured, the user's own set-up if there is one; and what the run left.

    Attributes:
        analyses: Result of each analyzer by name, as it gives it; there once the run is over.
        notes: What was asked for and has no effect here, for the run's warnings.
    """

    kind: type[Any]
    values: Mapping[str, object]
    build: Build | None
    analyses: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def keep(self, strategies: Iterable[Any]) -> None:
        """Keep what the analyzers of ``strategies`` have found."""
        for strategy in strategies:
            for name, analyzer in strategy.analyzers.getitems():
                self.analyses[name] = analyzer.get_analysis()

    def note(self, text: str) -> None:
        """Keep ``text`` for the warnings, once."""
        if text not in self.notes:
            self.notes.append(text)


class Guest(Strategy):
    """Stands in the engine for the strategy in ``hosted``; the engine calls nothing of it."""

    def __init__(self, hosted: Hosted) -> None:
        super().__init__()
        self.hosted = hosted


def guest(kind: type[Any], values: Mapping[str, object], build: Build | None) -> Guest:
    """``kind``, a subclass of ``bt.Strategy``, with the configured ``values`` of its params.

    Raises:
        ConfigError: A name it does not have (the nearest is suggested), or a value of another kind than its default.
    """
    defaults = dict(kind.params._getpairs())  # noqa: SLF001 - backtrader's way to ask a class for its params
    for name, value in values.items():
        _check(kind.__name__, name, value, defaults)
    shown = {name: _plain(value) for name, value in {**defaults, **values}.items() if not (name.startswith("_") or hasattr(Guest, name))}
    members = {"__doc__": kind.__doc__, "__module__": kind.__module__, "__annotations__": {name: type(shown[name]) for name in shown}}
    named: type[Guest] = type(kind.__name__, (Guest,), members | shown)
    return named(Hosted(kind, values, build))


def is_signals(kind: type[Any]) -> bool:
    """Whether signals added to Cerebro can drive ``kind``."""
    return issubclass(kind, bt.SignalStrategy)


def _plain(value: object) -> bool | int | float | str:
    return value if isinstance(value, _SIMPLE) else str(value)


def _check(owner: str, name: str, value: object, defaults: Mapping[str, object]) -> None:
    if name not in defaults:
        near = difflib.get_close_matches(name, defaults, 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(defaults) or 'none'}"
        raise ConfigError(f"[strategy] params: {owner}.params has no {name!r}{hint}")
    default = defaults[name]
    if default is None or _alike(default, value):
        return
    if isinstance(default, _SIMPLE):
        meant = f"it must be a {'number' if _is_number(default) else type(default).__name__}, as its default {default!r}"
    else:
        meant = f"its default is a {type(default).__name__}, which a config cannot hold; set it in the class"
    raise ConfigError(f"[strategy] params: {owner}.params.{name} = {value!r} is a {type(value).__name__}; {meant}")


def _alike(default: object, value: object) -> bool:
    if _is_number(default):
        return _is_number(value)
    return isinstance(default, _SIMPLE) and type(value) is type(default)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
