"""Where a run may be written: over an earlier backtest, and never over a session, whose tape is all that is known of it."""

from __future__ import annotations

import json

import pytest

from framework import run
from framework.errors import ConfigError
from framework.runtime.tape.reading import verify_tape
from tests.app.project import call, config, write

pytestmark = pytest.mark.slow


@pytest.fixture
def project(folder):
    return write(config(), folder)


def rehearsed(project, name="kept"):
    """A session's folder, and the bytes of its tape."""
    assert call("paper", "--rehearse", "--out", name, "--quiet").code == 0
    return project / name, (project / name / "tape.db").read_bytes()


def test_a_backtest_may_be_written_over_a_backtest(project):
    for fast in (5, 6):
        write(config(strategy={"params": {"fast": fast, "slow": 20}}), project)
        assert call("backtest", "--out", "run", "--quiet").code == 0
    assert "fast = 6" in (project / "run/config.toml").read_text()
    assert verify_tape(project / "run/tape.db") > 10


def test_a_backtest_is_not_written_over_a_session(project):
    session, tape = rehearsed(project)
    summary = (session / "summary.json").read_bytes()
    done = call("backtest", "--out", "kept")
    assert (done.code, done.out) == (2, "")
    assert "kept holds the tape of a session" in done.err
    assert ((session / "tape.db").read_bytes(), (session / "summary.json").read_bytes()) == (tape, summary)


def test_a_result_is_not_saved_over_a_session(project):
    session, tape = rehearsed(project)
    with pytest.raises(ConfigError, match="holds the tape of a session"):
        run(project / "onetape.toml").save(session)
    assert (session / "tape.db").read_bytes() == tape


def test_a_session_that_was_killed_before_it_had_figures_is_no_place_either(project):
    session, tape = rehearsed(project)
    for name in ("summary.json", "config.toml", "orders.csv"):
        (session / name).unlink()
    assert "kept holds the tape of a session" in call("backtest", "--out", "kept").err
    assert (session / "tape.db").read_bytes() == tape


@pytest.mark.parametrize("command", [("paper", "--rehearse"), ("live", "--rehearse")])
@pytest.mark.parametrize("earlier", [("paper", "--rehearse"), ("backtest",)])
def test_a_session_begins_in_a_folder_of_its_own(project, command, earlier):
    assert call(*earlier, "--out", "kept", "--quiet").code == 0
    tape = (project / "kept" / "tape.db").read_bytes()
    done = call(*command, "--out", "kept")
    assert (done.code, done.out) == (2, "")
    assert "--out kept holds a run already" in done.err
    assert "--resume kept" in done.err
    assert (project / "kept" / "tape.db").read_bytes() == tape


def test_a_session_does_not_begin_beside_the_summary_of_a_backtest_that_has_no_tape(project):
    assert call("backtest", "--out", "kept", "--quiet").code == 0
    (project / "kept" / "tape.db").unlink()  # as of one that was cut off; what it says of itself would be believed of the session
    assert "--out kept holds a run already" in call("paper", "--rehearse", "--out", "kept").err


def test_a_session_is_gone_on_with_where_that_is_said(project):
    session, _ = rehearsed(project)
    said = json.loads((session / "summary.json").read_text())["decisions_hash"]
    assert call("paper", "--rehearse", "--resume", "kept", "--quiet").code == 0
    assert json.loads((session / "summary.json").read_text())["decisions_hash"] == said
