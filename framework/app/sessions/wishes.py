"""What is wanted of a session, what a script brings along, and what a session comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from framework.engine.strategy import Strategy


class Wish(NamedTuple):
    """What is wanted of a session.

    Attributes:
        beside: The config's folder.
        out: The run folder; ``None`` for one of its own.
        resume: The run that goes on; ``None`` for a new one.
        until_close: Whether it ends with the trading session.
        length: After how many ns it ends; ``None`` for never.
        ask: How a person is asked.
    """

    beside: Path
    out: Path | None
    resume: str | None
    until_close: bool
    length: int | None
    ask: Callable[[str], str]


class Script(NamedTuple):
    """What a script brings along that drives a session itself.

    Attributes:
        strategy: What it plays.
        is_stopped: Whether it wants to stop.
        hear: Told what a person is told: the title and the text.
    """

    strategy: Strategy
    is_stopped: Callable[[], bool]
    hear: Callable[[str, str], object]


class Ended(NamedTuple):
    """A session that has ended: its figures (``None``: no bar closed), its folder, what is open, and how many decisions it began behind."""

    summary: Mapping[str, object] | None
    folder: Path
    still_open: tuple[str, ...]
    resumed: int
