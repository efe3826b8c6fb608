"""Stopping: commands from other processes, a file, a signal and silence reach the loop once, are ticked off, and hold over a restart."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.command import CommandKind
from framework.errors import ConfigError, MissingDataError, TapeError
from framework.runtime.control.audit import HOLDS, command_event, done_event, to_give_again
from framework.runtime.control.control import BLIND, Control
from framework.runtime.control.sending import send_command
from framework.runtime.control.switches import HaltFile, HaltSignal
from framework.runtime.tape.chain import START, NewEvent, chained
from framework.runtime.tape.store import TapeStore
from tests.architecture.source import ROOT
from tests.runtime.control.loop import command, control, kinds, obey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def audit(store: TapeStore) -> list[tuple[str, object]]:
    return [(event.kind, event.payload.get("who") or event.payload.get("command")) for event in store.events(after=0)]


def test_a_command_reaches_the_loop_once_with_who_and_why(store, tape, halt_file):
    loop = control(store, halt_file)
    assert loop.poll() == ()
    sent = send_command(tape, command("override", name="max_orders", value=3), halt_file)
    (told,) = loop.poll()
    assert (told.kind, told.who, told.why, told.sequence) == (CommandKind.OVERRIDE, "ada", "a test", sent.sequence)
    assert told.arguments == {"name": "max_orders", "value": 3}
    assert loop.poll() == ()


def test_what_came_of_a_command_is_on_the_tape_with_the_moment_it_was_obeyed(store, tape, halt_file):
    loop = control(store, halt_file)
    sent = send_command(tape, command("cancel_all"), None)
    (told,) = loop.poll()
    loop.done(123, told, {"canceled": ["a", "b"]})
    done = list(store.events())[-1]
    assert (done.kind, done.timestamp) == ("command_done", 123)
    assert done.payload == {"command": sent.sequence, "kind": "cancel_all", "effect": {"canceled": ["a", "b"]}, "facts": 0}
    assert loop.poll() == ()


def test_commands_come_in_the_order_they_were_given(store, tape, halt_file):
    loop = control(store, halt_file)
    for kind in ("reduce", "cancel_all", "rotate", "resume"):
        send_command(tape, command(kind), None)
    assert kinds(loop.poll()) == ["reduce", "cancel_all", "rotate", "resume"]


def test_a_command_that_was_not_carried_out_is_given_again_after_a_restart(store, tape, halt_file):
    send_command(tape, command("flatten"), None)
    assert kinds(control(store, halt_file).poll()) == ["flatten"]
    again = control(store, halt_file)
    assert obey(again) == ["flatten"]
    assert obey(again) == []
    assert kinds(control(store, halt_file).poll()) == ["halt"], "positions are not closed twice, but the halt holds"


def test_a_halt_holds_over_restarts_until_it_is_resumed(store, tape, halt_file):
    send_command(tape, command("halt"), None)
    assert obey(control(store, halt_file)) == ["halt"]
    for _ in range(2):
        assert obey(control(store, halt_file)) == ["halt"]
    send_command(tape, command("resume"), None)
    assert obey(control(store, halt_file)) == ["halt", "resume"]
    assert obey(control(store, halt_file)) == []
    assert [kind for kind, _ in audit(store)] == ["command_halt", "command_done", "command_resume", "command_done"]


# The file, the signal, silence.


def test_the_halt_file_halts_once_each_time_it_appears(store, halt_file):
    loop = control(store, halt_file)
    halt_file.write_text("fire in the data center\n")
    (told,) = loop.poll()
    assert (told.kind, told.who, told.why) == (CommandKind.HALT, "file HALT", "fire in the data center")
    assert loop.poll() == ()
    halt_file.unlink()
    assert loop.poll() == ()
    halt_file.touch()
    assert kinds(loop.poll()) == ["halt"]


def test_a_resume_while_the_file_is_there_is_followed_by_the_next_halt(store, tape, halt_file):
    loop = control(store, halt_file)
    halt_file.touch()
    assert obey(loop) == ["halt"]
    send_command(tape, command("resume"), None)
    assert obey(loop) == ["resume"]
    assert obey(loop) == ["halt"]


def test_what_a_switch_said_goes_on_the_tape_and_comes_back_to_nobody(store, halt_file):
    loop = control(store, halt_file)
    halt_file.touch()
    assert obey(loop) == ["halt"]
    assert obey(loop) == []
    assert audit(store) == [("command_halt", "file HALT"), ("command_done", 1)]


def test_a_halt_file_that_cannot_be_looked_for_halts(tmp_path):
    folder = tmp_path / ("x" * 300)  # a name no file system takes: an error other than "it is not there"
    told = HaltFile(folder).poll()
    assert told is not None
    assert told.kind is CommandKind.HALT


def test_signal_usr1_halts_once(store, halt_file):
    one = HaltSignal()
    loop = Control(store, HaltFile(halt_file), one)
    before = signal.getsignal(signal.SIGUSR1)
    with one.listening():
        os.kill(os.getpid(), signal.SIGUSR1)
        assert kinds(loop.poll()) == ["halt"]
        assert loop.poll() == ()
    assert signal.getsignal(signal.SIGUSR1) == before


def test_signals_are_not_promised_where_they_cannot_come():
    caught = []

    def listen() -> None:
        try:
            with HaltSignal().listening():
                pass
        except ConfigError as error:
            caught.append(str(error))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert caught == ["signals reach the main thread only: run the trading loop there"]


# Without the tape.


def test_the_switches_work_when_the_tape_does_not(store, halt_file):
    loop = control(store, halt_file)
    store.close()
    halt_file.touch()
    (told,) = loop.poll()
    assert told.who == "file HALT"
    loop.done(5, told, {})
    assert loop.poll() == (BLIND,)
    assert loop.poll() == ()


def fill(store: TapeStore) -> None:
    """Let the file have no page more than it has."""
    store._database.preparing().exec_driver_sql("PRAGMA max_page_count = 1")
    store._database.preparing().rollback()
    with pytest.raises(TapeError, match=r"nothing of it: .* full"):
        deque((store.append([NewEvent(1, "note", {})]) for _ in range(1_000)), maxlen=0)


def test_what_a_full_disk_did_not_take_follows_when_it_does(store, halt_file):
    loop = control(store, halt_file)
    fill(store)
    before = store.head.sequence
    halt_file.touch()
    assert obey(loop) == ["halt"]
    assert loop.poll() == (BLIND,), "a tape that takes nothing is a halt of its own"
    store._database.preparing().exec_driver_sql("PRAGMA max_page_count = 1000000")
    store._database.preparing().rollback()
    assert loop.poll() == ()
    told = [(event.kind, event.payload.get("who") or event.payload.get("command")) for event in store.events(before)]
    assert told == [("command_halt", "file HALT"), ("command_done", before + 1)]


# Sending.


def test_a_halt_writes_its_file_first_and_a_resume_removes_it(tape, halt_file):
    sent = send_command(tape, command("halt"), halt_file)
    assert (sent.halt_file, halt_file.read_text()) == (halt_file, "ada: a test\n")
    sent = send_command(tape, command("resume"), halt_file)
    assert (sent.halt_file, halt_file.exists()) == (None, False)


def test_a_halt_works_where_the_tape_cannot_be_written(tape, halt_file):
    tape.write_bytes(b"this is no database any more" * 100)
    sent = send_command(tape, command("halt"), halt_file)
    assert (sent.sequence, sent.halt_file) == (None, halt_file)
    assert "not a database" in sent.trouble
    with pytest.raises(TapeError):
        send_command(tape, command("cancel_all"), halt_file)


def test_a_command_for_no_run_at_all_is_refused(tmp_path):
    with pytest.raises(MissingDataError):
        send_command(tmp_path / "gone" / "tape.db", command("halt"), tmp_path / "gone" / "HALT")


def test_a_run_that_has_ended_takes_no_commands(tape, halt_file):
    with TapeStore.attach(tape) as store:
        store.append([NewEvent(1, "run_ended", {})])
    with pytest.raises(ConfigError, match="has ended"):
        send_command(tape, command("halt"), halt_file)
    assert not halt_file.exists()


@pytest.mark.parametrize("name", ["who", "why"])
def test_a_command_without_author_or_reason_is_refused(tape, halt_file, name):
    with pytest.raises(ConfigError, match=f"needs --{name}"):
        send_command(tape, command("halt")._replace(**{name: " "}), halt_file)
    assert not halt_file.exists()


# Any history.

KIND = st.sampled_from([kind for kind in CommandKind if kind is not CommandKind.HEARTBEAT])


@given(st.lists(st.tuples(KIND, st.booleans()), max_size=12))
def test_after_any_history_what_is_given_again_is_what_held_and_what_was_not_done(history):
    events: list[NewEvent] = []
    for kind, carried_out in history:
        given = command(kind)._replace(sequence=len(events))
        events += [command_event(1, given)] + ([done_event(2, given, {})] if carried_out else [])
    tape = [row.read() for row in chained(START, events)]
    done = [kind for kind, carried_out in history if carried_out]
    since = done[len(done) - done[::-1].index(CommandKind.RESUME) :] if CommandKind.RESUME in done else done
    held = {CommandKind.HALT if kind is CommandKind.FLATTEN else kind for kind in since if kind in HOLDS}
    again = to_give_again(tape)
    assert {one.kind for one in again[: len(held)]} == held
    assert [one.kind for one in again[len(held) :]] == [kind for kind, carried_out in history if not carried_out]


# Two processes.

LOOP = """
import sys
from pathlib import Path
from framework.runtime.control.control import Control
from framework.runtime.control.switches import HaltFile, HaltSignal
from framework.runtime.tape.store import TapeStore

tape = Path(sys.argv[1])
with TapeStore.open(tape, header={"mode": "paper", "account": "hash of an account"}) as store:
    halt_signal = HaltSignal()
    with halt_signal.listening():
        control = Control(store, HaltFile(tape.with_name("HALT")), halt_signal)
        print("ready", flush=True)
        while True:
            for command in control.poll():
                control.done(1, command, {})
                print(command.kind, command.who, flush=True)
                if command.kind == "rotate":
                    sys.exit(0)
"""


def test_a_running_loop_hears_another_process_the_file_and_the_signal(tape, halt_file):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", LOOP, str(tape)], stdout=subprocess.PIPE, text=True, env=environment) as loop:
        assert loop.stdout is not None
        assert loop.stdout.readline() == "ready\n"
        send_command(tape, command("cancel_all"), None)
        assert loop.stdout.readline() == "cancel_all ada\n"
        loop.send_signal(signal.SIGUSR1)
        assert loop.stdout.readline() == "halt signal USR1\n"
        halt_file.touch()
        assert loop.stdout.readline() == "halt file HALT\n"
        send_command(tape, command("rotate"), None)
        assert loop.stdout.readline() == "rotate ada\n"
    assert loop.returncode == 0
    with TapeStore.attach(tape) as store:
        assert store.verify() == 1 + 2 * 4


@contextmanager
def unreadable(tape: Path) -> Iterator[None]:
    """Nothing on it can be found for a while."""
    with closing(sqlite3.connect(tape)) as other:
        other.execute("ALTER TABLE events RENAME TO elsewhere")
        try:
            yield
        finally:
            other.execute("ALTER TABLE elsewhere RENAME TO events")


def timed(act: Callable[[], object]) -> float:
    """Seconds of the processor."""
    started = time.process_time()
    act()
    return time.process_time() - started


def test_what_held_before_is_given_again_although_the_tape_could_not_be_read_at_first(store, tape, halt_file):
    first = control(store, halt_file)
    send_command(tape, command("reduce"), halt_file)
    assert obey(first) == ["reduce"]
    send_command(tape, command("cancel_all"), halt_file)
    second = control(store, halt_file)
    with unreadable(tape):
        assert second.poll() == (BLIND,)
    assert kinds(second.poll()) == ["reduce", "cancel_all"]


def test_looking_for_commands_costs_no_more_on_a_long_tape(store, halt_file):
    """A loop that looks five times a second has read what is on the tape already."""
    loop = control(store, halt_file)

    def cost() -> float:
        loop.poll()
        return min(timed(loop.poll) for _ in range(7))

    short = cost()
    store.append([NewEvent(number, "bars", {}) for number in range(20_000)])
    assert cost() < 10 * short


def test_a_command_that_cannot_be_read_stops_trading_and_costs_no_other(store, tape, halt_file):
    first = control(store, halt_file)
    send_command(tape, command("reduce"), None)
    assert obey(first) == ["reduce"]
    second = control(store, halt_file)
    send_command(tape, command("cancel_all"), None)
    store.append([NewEvent(1, "command_resume", {"who": "ada"})])
    send_command(tape, command("flatten"), None)
    assert kinds(second.poll()) == ["reduce", "cancel_all", "halt", "flatten"]
    assert second.poll() == ()


def test_a_command_that_cannot_be_read_holds_as_a_halt_until_it_is_resumed(store, tape, halt_file):
    store.append([NewEvent(1, "command_override", {"who": "ada", "why": "?", "arguments": []})])
    first = control(store, halt_file)
    assert obey(first) == ["halt"]
    assert obey(control(store, halt_file)) == ["halt"]
    send_command(tape, command("resume"), None)
    assert obey(first) == ["resume"]
    assert obey(control(store, halt_file)) == []
