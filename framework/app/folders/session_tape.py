"""What the tape of a session says of it, once it has ended or while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from framework.runtime.sessions.recorded import bars_of, recorded
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from framework.domain.market import BarSeries


class Told(NamedTuple):
    """What a session's page needs of its tape."""

    series: Mapping[str, BarSeries]
    description: str
    sectors: Mapping[str, str]


def told_by(tape: str | Path) -> Told:
    """What the tape of a session says of it.

    Raises:
        DataError: It cannot be read.
    """
    with TapeStore.attach(tape) as store:
        events = list(store.events())
    said: dict[str, Any] = events[0].payload
    return Told(bars_of(recorded(events)), said["description"], said["sectors"])
