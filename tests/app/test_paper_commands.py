"""Commands in a paper session: obeyed at the next turn, on the tape with what they made, and decided again by a restart and a replay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from framework.app.sessions.paper import rehearse_session
from framework.app.sessions.replay import replay
from framework.domain.command import CommandKind, OperatorCommand
from framework.runtime.control.sending import send_command
from framework.runtime.loading import load_config
from framework.runtime.tape.store import TapeStore
from tests.app.project import call, strategy, write
from tests.app.test_paper import BODY, YEAR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

LIMIT = """
    if ctx.state["seen"] == 195:
        ctx.buy(ctx.symbols[0], 1, order_type="limit", limit_price=1.0, time_in_force="gtc")
"""


@pytest.fixture
def project(folder: Path) -> Path:
    write(strategy(BODY + LIMIT, data=YEAR), folder)
    return folder


def played(project: Path, at_200: Callable[[Path], object] = lambda _: None, resume: str | None = None) -> Path:
    """A session in which something happens after the 200th decision; its folder."""
    config = load_config(project / "onetape.toml")
    tape = project / "p" / "tape.db"
    out = None if resume else project / "p"
    rehearse_session(config, project, out, resume, lambda _done, _total: at_200(tape))
    return project / "p"


def give(kind: str) -> Callable[[Path], object]:
    return lambda tape: send_command(tape, OperatorCommand(CommandKind(kind), "ada", "a test"), None)


def events(folder: Path) -> list:
    with TapeStore.attach(folder / "tape.db") as store:
        return list(store.events())


def done(folder: Path) -> list[dict[str, object]]:
    return [event.payload for event in events(folder) if event.kind == "command_done"]


def late(folder: Path, kind: str) -> int:
    """How many events of a kind came after the command was carried out."""
    found = events(folder)
    place = next(number for number, event in enumerate(found) if event.kind == "command_done")
    return sum(event.kind == kind for event in found[place:])


def test_a_flatten_in_a_session_leaves_every_position_and_is_decided_again_by_replay_and_restart(project):
    folder = played(project, give("flatten"))
    (effect,) = done(folder)
    assert effect["effect"]["trading"] == "HALTED"
    assert len(effect["effect"]["closed"]) == late(folder, "order_filled") > 0
    assert effect["effect"]["canceled"]  # the limit order that rests, and what was on its way
    assert json.loads((folder / "summary.json").read_text())["exposure"] > 0
    call("tape", "export", str(folder), "--format", "jsonl", "--out", "views")
    assert (project / "views" / "live_positions.jsonl").read_text() == ""
    assert replay(folder / "tape.db", project).difference is None
    before = events(folder)
    assert played(project, resume="p") == folder
    assert events(folder)[: len(before)] == before
    assert done(folder) == [effect]


def test_a_halt_holds_to_the_end_of_the_session_and_over_its_restart(project):
    folder = played(project, give("halt"))
    assert late(folder, "order_submitted") == 0
    assert late(folder, "refused") > 0
    assert replay(folder / "tape.db", project).difference is None
    played(project, resume="p")
    assert len(done(folder)) == 1


def test_a_halt_file_that_is_there_from_the_start_lets_nothing_be_entered(project):
    (project / "p").mkdir()
    (project / "p" / "HALT").touch()
    folder = played(project)
    found = events(folder)
    assert not [event for event in found if event.kind == "order_filled"]
    assert [event.payload["who"] for event in found if event.kind == "command_halt"] == ["file HALT"]
    assert replay(folder / "tape.db", project).difference is None


def test_a_reduce_lets_exits_pass_and_refuses_entries_and_replays(project):
    folder = played(project, give("reduce"))
    assert late(folder, "refused") > 0
    (effect,) = done(folder)
    later = [event for event in events(folder) if event.sequence > effect["command"]]
    sides = {event.payload["side"] for event in later if event.kind == "order_decided"}
    assert "sell" in sides
    found = replay(folder / "tape.db", project)
    assert (found.difference, found.facts > 200) == (None, True)
