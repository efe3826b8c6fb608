"""Has a strategy been tried on paper long enough to trade with money? What its forward tests on live quotes show, and what not yet."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.app.saving import RUNS
from framework.app.tape_place import folders_with_tapes, tape_of
from framework.engine.market import session_number
from framework.errors import DataError, TapeError
from framework.runtime.tape.inputs import BARS
from framework.runtime.tape.recording import FIRST
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from framework.runtime.config import Config

#: Trading sessions with decisions on live quotes, round trips in them, and the deepest drawdown of one, a fraction.
SESSIONS, TRADES, DRAWDOWN = 5, 5, 0.10


class Shown(NamedTuple):
    """What the forward tests of a strategy showed together."""

    sessions: int
    trades: int
    drawdown: float


def shortcomings(config: Config) -> list[str]:
    """What is missing before ``config``'s strategy, with its parameters and symbols, should trade with money; none: nothing."""
    found = shown_by(config)
    missing = []
    if found.sessions < SESSIONS:
        missing.append(f"{found.sessions} of {SESSIONS} trading sessions on paper with live quotes")
    if found.trades < TRADES:
        missing.append(f"{found.trades} of {TRADES} round trips in them")
    if found.drawdown > DRAWDOWN:
        missing.append(f"a drawdown of {found.drawdown:.1%} on paper, {DRAWDOWN:.0%} at most")
    return missing


def shown_by(config: Config) -> Shown:
    """The forward tests below runs/ of the same strategy; rehearsals and broken tapes do not count."""
    days: set[int] = set()
    trades, drawdown = 0, 0.0
    for folder in _forward_tests(config):
        summary = _summary(folder)
        if not summary:
            continue  # it never ended: nobody knows yet how far it fell
        with TapeStore.attach(tape_of(folder)) as store:
            days |= {session_number(event.timestamp) for event in store.events(kinds=[BARS])}
        trades += int(summary.get("trades") or 0)
        drawdown = max(drawdown, abs(float(summary.get("max_drawdown") or 0.0)))
    return Shown(len(days), trades, drawdown)


def _forward_tests(config: Config) -> Iterator[Path]:
    wanted = (config.strategy.path, dict(config.strategy.params), list(config.universe.symbols))
    for folder in folders_with_tapes(RUNS):
        told = _header(tape_of(folder))
        if told.get("mode") == "paper" and "account" in told and _terms(told) == wanted:
            yield folder


def _header(place: str | Path) -> dict[str, Any]:
    try:
        with TapeStore.attach(place) as store:
            first = next(store.events(kinds=[FIRST]), None)
    except (DataError, TapeError):
        return {}
    return {} if first is None else dict(first.payload)


def _terms(told: dict[str, Any]) -> object:
    try:
        tree = tomllib.loads(told["config"])
        return tree["strategy"]["class"], tree["strategy"].get("params", {}), tree["universe"]["symbols"]
    except (KeyError, tomllib.TOMLDecodeError):
        return None


def _summary(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
