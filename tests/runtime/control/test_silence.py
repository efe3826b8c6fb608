"""The dead man's switch: silence of the operator stops entries once, lasts through restarts, and ends with a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framework.domain.command import CommandKind
from framework.runtime.control.audit import command_event
from framework.runtime.control.control import Control
from framework.runtime.control.sending import send_command
from framework.runtime.control.switches import DeadMansSwitch, HaltFile, HaltSignal
from framework.runtime.tape.chain import NewEvent
from tests.runtime.control.loop import command, control, kinds, obey

if TYPE_CHECKING:
    from pathlib import Path

    from framework.runtime.tape.store import TapeStore


def test_silence_stops_entries_once_until_something_is_heard(store, tape, halt_file):
    now = [0.0]
    loop = control(store, halt_file, DeadMansSwitch(60, lambda: now[0]))
    now[0] = 50.0  # the tape was begun some moments before
    assert loop.poll() == ()
    now[0] = 60.0
    (told,) = loop.poll()
    assert (told.kind, told.why) == (CommandKind.REDUCE, "nothing was heard of the operator for 60 s")
    assert loop.poll() == ()
    send_command(tape, command("heartbeat"), None)
    assert loop.poll() == (), "hearing of the operator is no command, and does not resume"
    now[0] = 119.9
    assert loop.poll() == ()
    now[0] = 120.0
    assert kinds(loop.poll()) == ["reduce"]


def test_an_operator_who_resumed_and_says_nothing_more_is_missed_again(store, tape, halt_file):
    now = [0.0]
    loop = control(store, halt_file, DeadMansSwitch(60, lambda: now[0]))
    now[0] = 61.0
    assert obey(loop) == ["reduce"]
    send_command(tape, command("resume"), halt_file)
    assert obey(loop) == ["resume"]
    now[0] = 120.0
    assert obey(loop) == []
    now[0] = 122.0
    assert obey(loop) == ["reduce"]


HOUR = 3_600 * 10**9


def restarted(store: TapeStore, halt_file: Path, at: int) -> Control:
    """A new process at ``at`` (ns UTC), whose operator may be silent for ten hours."""
    return Control(store, HaltFile(halt_file), HaltSignal(), DeadMansSwitch(36_000, lambda: 0.0), now=lambda: at)


@pytest.fixture
def began(store: TapeStore) -> int:
    """When the run began, ns UTC."""
    return next(store.events()).timestamp


def test_silence_lasts_through_restarts(store, halt_file, began):
    assert restarted(store, halt_file, began + 9 * HOUR).poll() == ()
    store.append([command_event(began + 9 * HOUR, command("heartbeat"))])
    assert restarted(store, halt_file, began + 18 * HOUR).poll() == ()
    assert kinds(restarted(store, halt_file, began + 19 * HOUR).poll()) == ["reduce"]
    store.append([command_event(began + 20 * HOUR, command("resume"))])
    assert kinds(restarted(store, halt_file, began + 29 * HOUR).poll()) == ["resume"]


def test_without_a_word_silence_begins_with_the_run(store, halt_file, began):
    store.append([NewEvent(began + 9 * HOUR, "session_resumed", {})])
    assert restarted(store, halt_file, began + 10 * HOUR - 1).poll() == ()
    assert kinds(restarted(store, halt_file, began + 10 * HOUR).poll()) == ["reduce"]


def test_a_silence_that_has_stopped_entries_is_not_told_again_by_the_next_process(store, tape, halt_file, began):
    assert obey(restarted(store, halt_file, began + 11 * HOUR)) == ["reduce"]
    second = restarted(store, halt_file, began + 12 * HOUR)
    assert obey(second) == ["reduce"]  # it holds
    assert obey(second) == []
    assert [event.kind for event in store.events() if event.kind == "command_reduce"] == ["command_reduce"]
    send_command(tape, command("heartbeat"), None)
    assert obey(second) == []


def test_a_clock_that_was_set_back_makes_nobody_silent(store, halt_file, began):
    store.append([command_event(began + 20 * HOUR, command("heartbeat"))])
    assert restarted(store, halt_file, began + HOUR).poll() == ()
