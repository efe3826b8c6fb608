"""What a replay found, for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from framework.app.sessions.replay import Replayed
    from framework.runtime.sessions.recorded import Fact


def replay_report(found: Replayed) -> dict[str, object]:
    """``found`` as one JSON document."""
    parted = found.difference
    return {
        "mode": found.mode,
        "facts": found.facts,
        "same": parted is None,
        "first_difference": None
        if parted is None
        else {
            "place": parted.place,
            "recorded": _plain(parted.recorded),
            "replayed": _plain(parted.found),
            "before": [_plain(one) for one in found.before],
        },
    }


def _plain(fact: Fact | None) -> dict[str, object] | None:
    return None if fact is None else {"time": _utc(fact.timestamp), "kind": fact.kind, **json.loads(fact.text)}


def replay_verdict(found: Replayed, folder: Path) -> str:
    """``found`` in words: side by side what the tape says and what would be decided now."""
    parted = found.difference
    if parted is None:
        return f"{folder.name}: all {found.facts:,} decisions and events are the same again"
    recorded, replayed = _plain(parted.recorded) or {}, _plain(parted.found) or {}
    lines = [f"{folder.name}: the same up to event {parted.place}, then the tape and the replay part", "", "before, in both:"]
    lines += [f"  {_line(one)}" for one in found.before] or ["  nothing"]
    lines += ["", f"  {'':<18} {'on the tape':<40} now"]
    for name in dict.fromkeys([*recorded, *replayed]):
        one, other = recorded.get(name, ""), replayed.get(name, "")
        lines.append(f"{'*' if one != other else ' '} {name:<18} {one!s:<40} {other!s}".rstrip())
    return "\n".join([*lines, "", "a line with * differs: the code, the config or what the strategy reads has changed since the run"])


def _line(fact: Fact) -> str:
    values = json.loads(fact.text)
    told = " ".join(
        f"{name}={values[name]}" for name in ("order_id", "code", "quantity_micros", "price_micros") if values.get(name) is not None
    )
    return f"{_utc(fact.timestamp)} {fact.kind} {told}".rstrip()


def _utc(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"
