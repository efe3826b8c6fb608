"""onetape tape and the operator's commands: what they print, what they write, how they end."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from framework.app.folders.saving import save_run
from framework.runtime.tape.store import TapeStore
from framework.runtime.tape.views import COLUMNS
from tests.app.project import call, config, tree, write

if TYPE_CHECKING:
    from pathlib import Path

HEADER = {"mode": "paper", "account": "hash of an account"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backtest's run folder."""
    from framework import run

    place = tmp_path_factory.mktemp("finished")
    save_run(run(tree()).record, place)
    return place


@pytest.fixture
def session(folder: Path) -> Path:
    """The folder of a run that goes on."""
    place = folder / "runs" / "paper"
    place.mkdir(parents=True)
    with TapeStore.open(place / "tape.db", header=HEADER):
        pass
    return place


def spoil(tape: Path) -> None:
    with closing(sqlite3.connect(tape)) as connection, connection:
        connection.execute("DROP TRIGGER events_only_grow")
        connection.execute("UPDATE events SET kind = 'x' WHERE sequence = (SELECT max(sequence) / 2 FROM events)")


def last(session: Path) -> tuple[str, dict[str, object]]:
    with TapeStore.attach(session / "tape.db") as store:
        *_, event = store.events()
        return event.kind, event.payload


def test_verify_counts_the_events_of_a_backtest(finished):
    done = call("tape", "verify", str(finished), "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert (told["verified"], told["trouble"]) == (True, "")
    assert told["events"] > 20


def test_verify_ends_with_1_and_names_the_first_bad_event(session):
    assert call("tape", "verify", "paper").out == "1 events, each one as it was written\n"
    spoil(session / "tape.db")
    done = call("tape", "verify", "paper")
    assert done.code == 1
    assert "the chain is broken at event 0" in done.err


def test_verify_of_a_run_that_is_not_there_is_a_data_error():
    done = call("tape", "verify", "nothing")
    assert done.code == 3
    assert "no run folder 'nothing'" in done.err


def test_rebuild_makes_the_tables_of_the_views_and_makes_them_again(finished):
    for _ in range(2):
        done = call("tape", "rebuild", str(finished), "--json")
        assert done.code == 0
        told = json.loads(done.out)
        with closing(sqlite3.connect(told["tables"])) as connection:
            counted = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in COLUMNS}  # noqa: S608 - ours
            (equity,) = connection.execute("SELECT equity_micros FROM equity ORDER BY timestamp DESC LIMIT 1").fetchone()
        assert counted == told["rows"]
        assert counted["fills"] > 5
        assert equity / 1e6 == pytest.approx(json.loads((finished / "summary.json").read_text())["final_equity"])


def test_a_session_s_tape_is_proved_and_folds_to_the_equity_it_ended_with(folder):
    write(config(account={"cash": 50_000.0}), folder)
    told = json.loads(call("paper", "--rehearse", "--out", "rehearsed", "--json").out)
    assert json.loads(call("tape", "verify", "rehearsed", "--json").out)["verified"]
    assert call("tape", "export", "rehearsed", "--format", "jsonl", "--out", "audit").code == 0
    *_, last = [json.loads(line) for line in (folder / "audit" / "equity.jsonl").read_text().splitlines()]
    assert last["equity_micros"] / 1e6 == pytest.approx(told["final_equity"])
    assert (folder / "audit" / "fills.jsonl").read_text().count("\n") == len(
        (folder / "rehearsed" / "fills.csv").read_text().splitlines()
    ) - 1


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_export_writes_every_view_in_every_format_with_the_same_rows(finished, folder, kind):
    done = call("tape", "export", str(finished), "--format", kind, "--out", "audit")
    assert done.code == 0
    assert sorted(path.name for path in (folder / "audit").iterdir()) == sorted(f"{name}.{kind}" for name in COLUMNS)
    path = folder / "audit" / f"fills.{kind}"
    if kind == "csv":
        with path.open(newline="") as file:
            fills = list(csv.DictReader(file))
    elif kind == "jsonl":
        fills = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        fills = pq.read_table(path).to_pylist()
    with (finished / "fills.csv").open(newline="") as file:
        known = list(csv.DictReader(file))
    assert [row["order_id"] for row in fills] == [row["order_id"] for row in known]
    assert tuple(fills[0]) == COLUMNS["fills"]


def test_an_unknown_format_is_a_usage_error(finished, folder):
    done = call("tape", "export", str(finished), "--format", "xml")
    assert (done.code, list(folder.iterdir())) == (2, [])
    assert "choose csv, jsonl, parquet" in done.err


# Commands.


@pytest.mark.parametrize(("name", "kind"), [("halt", "halt"), ("resume", "resume"), ("cancel-all", "cancel_all"), ("flatten", "flatten")])
def test_a_command_is_on_the_tape_with_who_and_why(session, name, kind):
    done = call(name, "paper", "--why", "a test", "--who", "ada")
    assert done.code == 0
    assert f"{kind} is event 1 of the tape" in done.out
    assert last(session) == (f"command_{kind}", {"who": "ada", "why": "a test", "arguments": {}})
    assert (session / "HALT").exists() == (kind in {"halt", "flatten"})


def test_who_is_the_login_name_unless_said(session, monkeypatch):
    monkeypatch.setenv("LOGNAME", "grace")
    call("halt", str(session), "--why", "a test")
    assert last(session)[1]["who"] == "grace"


@pytest.mark.usefixtures("session")
def test_a_command_needs_a_reason():
    assert call("halt", "paper").code == 2
    done = call("halt", "paper", "--why", "")
    assert done.code == 2
    assert "needs --why" in done.err


def test_resume_takes_the_halt_file_away(session):
    call("halt", "paper", "--why", "a test")
    call("resume", "paper", "--why", "a test")
    assert not (session / "HALT").exists()


def test_halt_works_with_a_broken_tape_and_says_what_did_not(session):
    (session / "tape.db").write_bytes(b"x" * 5000)
    done = call("halt", "paper", "--why", "a test")
    assert done.code == 0
    assert "it halts as long as it is there" in done.out
    assert "warning: the tape did not take the command" in done.err
    assert (session / "HALT").exists()


def test_a_backtest_takes_no_commands(finished):
    done = call("halt", str(finished), "--why", "a test")
    assert done.code == 2
    assert "has ended: there is nobody to command" in done.err
    assert not (finished / "HALT").exists()


def test_a_sqlite_address_is_its_file(session):
    done = call("halt", f"sqlite:///{session / 'tape.db'}", "--why", "a test", "--json")
    assert json.loads(done.out) == {"command": "halt", "sequence": 1, "halt_file": str(session / "HALT"), "trouble": "", "heard": None}
