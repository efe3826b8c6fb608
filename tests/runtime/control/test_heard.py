"""Who gives a command is told whether anybody hears it."""

from __future__ import annotations

import json

import pytest

from framework.domain.command import CommandKind, OperatorCommand
from framework.runtime.clock import steady_ns
from framework.runtime.control.sending import send_command
from framework.runtime.tape import sqlite
from framework.runtime.tape.store import TapeStore
from tests.app.project import call

ACCOUNT = "a hash of its number"


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    with TapeStore.open(tmp_path / "run" / "tape.db", header={"mode": "paper", "account": ACCOUNT}):
        pass
    return tmp_path / "run"


def heard(run):
    return send_command(run / "tape.db", OperatorCommand(CommandKind.ROTATE, "ada", "a test"), None).heard


def test_a_process_that_holds_the_lease_hears_it_and_none_does_after_it_was_given_back(run):
    with TapeStore.open(run / "tape.db", header={"mode": "paper", "account": ACCOUNT}) as store:
        lease = store.acquire(ACCOUNT, "process 1", 60)
        assert heard(run) is True
        store.release(lease)
        assert heard(run) is False


def test_one_that_died_is_believed_alive_until_its_lease_ends(run):
    for seconds, believed in ((60.0, True), (0.0, False)):
        with TapeStore.open(run / "tape.db", header={"mode": "paper", "account": ACCOUNT}) as store:
            store.acquire(ACCOUNT, f"process for {seconds}", seconds)  # and it is not given back
        assert heard(run) is believed


def test_one_that_died_with_its_machine_is_not_believed_alive_when_that_is_back(run, monkeypatch):
    with TapeStore.open(run / "tape.db", header={"mode": "paper", "account": ACCOUNT}) as store, monkeypatch.context() as before:
        before.setattr(sqlite, "steady_ns", lambda: steady_ns() + 10 * 86_400 * 10**9)  # the machine had been up for ten days more
        store.acquire(ACCOUNT, "process 1", 60)
    assert heard(run) is False


def test_of_a_tape_that_never_had_a_lease_nothing_is_said(run):
    assert heard(run) is None
    assert "takes it at its next turn" in call("rotate", str(run), "--why", "a test").out


def test_the_command_warns_where_nobody_hears_it(run):
    with TapeStore.open(run / "tape.db", header={"mode": "paper", "account": ACCOUNT}) as store:
        store.release(store.acquire(ACCOUNT, "process 1", 60))
    done = call("flatten", str(run), "--why", "a test")
    assert done.code == 0
    assert "next turn" not in done.out
    assert "warning: no process trades on this tape now" in done.err
    assert json.loads(call("rotate", str(run), "--why", "a test", "--json").out)["heard"] is False
