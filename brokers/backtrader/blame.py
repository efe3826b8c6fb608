"""Whose error was it, and where? backtrader's frames lie between a user's line and ours."""

from __future__ import annotations

import traceback
from pathlib import Path

import backtrader as bt

from framework.errors import OnetapeError, StrategyError, words_of

_OURS = tuple(Path(__file__).parents[2] / package for package in ("brokers", "framework"))
_BACKTRADER = Path(bt.__file__).parent


def placed(error: Exception, strategy: str) -> Exception:
    """``error`` of a run of ``strategy`` as it is to be raised: typed, with the user's line; a bug of ours comes back as it is."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not Path(frame.filename).is_relative_to(_BACKTRADER)]
    users = [frame for frame in frames if not any(Path(frame.filename).is_relative_to(folder) for folder in _OURS)]
    if isinstance(error, OnetapeError):
        return type(error)(f"{error} [{strategy}.{users[-1].name}, {users[-1].filename}:{users[-1].lineno}]") if users else error
    if not users or users[-1] is not frames[-1]:
        return error
    last = users[-1]
    line = f"\n    {last.line}" if last.line else ""
    return StrategyError(f"{strategy}.{last.name}, {last.filename}:{last.lineno} raised {words_of(error)}{line}")
