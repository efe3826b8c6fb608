"""Has a strategy been tried long enough to trade with money, and how much of it at first? What its runs show, and what not yet."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.app.compare.parting import parted_of
from framework.app.folders.run_folders import RUNS
from framework.app.folders.tape_place import folders_with_tapes, tape_of
from framework.engine.market import session_number
from framework.errors import DataError, OnetapeError, TapeError
from framework.runtime.tape.inputs import BARS
from framework.runtime.tape.recording import FIRST
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from framework.runtime.config import Config

#: What the header of a tape calls that Robinhood was a double on this machine: nothing was shown there.
DOUBLE = "double"


class Shown(NamedTuple):
    """What the runs of a strategy showed together.

    Attributes:
        sessions: Trading sessions with decisions on live quotes, on paper.
        trades: Round trips in them.
        drawdown: The deepest of one run, a fraction.
        divergence: The most that a run on paper earned apart from a backtest over its bars, or a live one from its shadow, a fraction of
            the cash it began with.
        unmeasured: Runs for which that could not be found out, and why not.
        live_sessions: Trading sessions with decisions, live.
    """

    sessions: int
    trades: int
    drawdown: float
    divergence: float = 0.0
    unmeasured: tuple[str, ...] = ()
    live_sessions: int = 0


class Promoted(NamedTuple):
    """What a strategy has shown, and what of it is too little."""

    shown: Shown = Shown(0, 0, 0.0)
    missing: tuple[str, ...] = ()


def promoted(config: Config, beside: Path) -> Promoted:
    """What the runs below runs/ say of ``config``'s strategy, which lies in ``beside``."""
    found = shown_by(config, beside)
    return Promoted(found, tuple(shortcomings(config, found)))


def shortcomings(config: Config, found: Shown) -> list[str]:
    """What is missing before ``config``'s strategy should trade with money after it has ``found`` so much; none: nothing."""
    gates, missing = config.promotion, []
    if found.sessions < gates.paper_sessions:
        missing.append(f"{found.sessions} of {gates.paper_sessions} trading sessions on paper with live quotes")
    if found.trades < gates.round_trips:
        missing.append(f"{found.trades} of {gates.round_trips} round trips in them")
    if found.drawdown > gates.max_drawdown_pct:
        missing.append(f"a drawdown of {found.drawdown:.1%} on paper, {gates.max_drawdown_pct:.0%} at most")
    if found.divergence > gates.max_divergence_pct:
        missing.append(f"a run earned {found.divergence:.2%} of its cash apart from the fill model, {gates.max_divergence_pct:.2%} at most")
    return [*missing, *(f"it is not known how far {one}" for one in found.unmeasured)]


def shown_by(config: Config, beside: Path) -> Shown:
    """The forward tests and live runs below runs/ of the same strategy with its parameters and symbols, which lies in ``beside``.

    Rehearsals, dry runs, sessions at a double and broken tapes do not count, and neither does a forward test that never ended.
    """
    paper = [(folder, summary) for folder in _runs(config, "paper") if (summary := _summary(folder))]
    live = list(_runs(config, "live"))
    falls = [abs(float(summary.get("max_drawdown") or 0.0)) for _, summary in paper]
    measured = [_parted(folder, beside) for folder in (*(folder for folder, _ in paper), *live)]
    return Shown(
        sessions=_days(folder for folder, _ in paper),
        trades=sum(int(summary.get("trades") or 0) for _, summary in paper),
        drawdown=max(falls, default=0.0),
        divergence=max((one for one in measured if isinstance(one, float)), default=0.0),
        unmeasured=tuple(one for one in measured if isinstance(one, str)),
        live_sessions=_days(live),
    )


def _days(folders: Iterator[Path] | list[Path]) -> int:
    """On how many trading sessions bars arrived."""
    found: set[int] = set()
    for folder in folders:
        with TapeStore.attach(tape_of(folder)) as store:
            found |= {session_number(event.timestamp) for event in store.events(kinds=[BARS])}
    return len(found)


def _parted(folder: Path, beside: Path) -> float | str:
    try:
        return parted_of(folder, beside)
    except OnetapeError as error:
        return f"{folder.name} is from the fill model: {error}"


def _runs(config: Config, mode: str) -> Iterator[Path]:
    wanted = (config.strategy.path, dict(config.strategy.params), list(config.universe.symbols))
    for folder in folders_with_tapes(RUNS):
        told = header_of(tape_of(folder))
        if told.get("mode") == mode and "account" in told and not told.get(DOUBLE) and _terms(told) == wanted:
            yield folder


def header_of(place: str | Path) -> dict[str, Any]:
    """What the tape at ``place`` says of itself; nothing where it cannot be read."""
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
