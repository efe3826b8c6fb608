"""What a search is for: a metric and which way it is better."""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from framework.research.trial import Metrics

_MORE = "final_equity total_return cagr sharpe sortino calmar max_drawdown win_rate profit_factor expectancy average_r"
_LESS = "volatility max_drawdown_days turnover fees slippage_cost var_95_1d cvar_95_1d"
#: 1 where more of a metric is better, -1 where less is. Drawdowns are negative: the largest is the mildest.
_SIGNS = MappingProxyType({**dict.fromkeys(_MORE.split(), 1), **dict.fromkeys(_LESS.split(), -1)})
_WAYS = MappingProxyType({"max": 1, "min": -1})


class Objective(NamedTuple):
    """A metric; ``sign`` is 1 where more of it is better, -1 where less is."""

    metric: str
    sign: int

    def value(self, metrics: Metrics) -> float | None:
        """The metric with its sign, so that more is better; ``None`` where the trial has none."""
        found = metrics.get(self.metric)
        return None if found is None or isinstance(found, str) else self.sign * found

    def __str__(self) -> str:
        return f"{'max' if self.sign > 0 else 'min'}:{self.metric}"


def read_objectives(texts: Sequence[str], metrics: Iterable[str]) -> tuple[Objective, ...]:
    """Objectives as written: ``sharpe``, or ``max:trades`` and ``min:exposure`` to say which way; ``metrics`` are those there are.

    Raises:
        ConfigError: No such metric (the nearest is suggested), one given twice, or one that does not say which way is better.
    """
    known = tuple(metrics)
    found = tuple(_read(text, known) for text in texts)
    names = [one.metric for one in found]
    if not names:
        raise ConfigError("--objective is missing; name a metric, such as sharpe")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigError(f"--objective {twice[0]} is given twice; name each metric once")
    return found


def _read(text: str, known: Sequence[str]) -> Objective:
    way, _, metric = text.rpartition(":")
    if metric not in known:
        near = difflib.get_close_matches(metric, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise ConfigError(f"--objective {text}: there is no metric {metric!r}; {hint}")
    if way and way not in _WAYS:
        raise ConfigError(f"--objective {text}: {way!r} is no way to go; write max:{metric} or min:{metric}")
    sign = _WAYS[way] if way else _SIGNS.get(metric)
    if sign is None:
        raise ConfigError(f"--objective {metric}: neither more nor less of it is better in itself; write max:{metric} or min:{metric}")
    return Objective(metric, sign)
