"""What a live session waits for does not end it: a venue that is slow, the lease of a process that was killed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from brokers.robinhood.testing import RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from framework.app.arming.arming import Leave
from framework.app.sessions import leasing
from framework.app.sessions.leasing import lease_of
from framework.app.sessions.live import live_sitting
from framework.app.sessions.wishes import Wish
from framework.errors import LeaseHeldError, StoppedError
from framework.runtime.clock import now_ns
from framework.runtime.loading import load_config
from framework.runtime.tape.store import TapeStore
from tests.app.logging_in import logged_in
from tests.app.project import ROWS, config, csv_text, write

HEADER = {"mode": "live", "account": "a"}


@pytest.mark.slow
def test_a_request_that_has_ended_prolongs_the_lease_and_is_a_sign_of_life(folder, monkeypatch):
    data = {"source": "csv", "path": "bars", "start": None, "end": None}
    settings = config(mode="live", data=data, universe={"symbols": ["AAPL"]}, broker={"rate_limit_requests": 100})
    write({**settings, "bars/AAPL.csv": csv_text(ROWS)}, folder)
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as double:
        for name, value in logged_in(double, folder / "state").items():
            monkeypatch.setenv(name, value)
        double.list_stock("AAPL", "100.00")
        wish = Wish(folder, Path("run"), None, until_close=False, length=None, ask=lambda _: "")
        with live_sitting(load_config(folder / "onetape.toml"), wish, Leave(dry_run=True)) as (session, _):
            session.lease = replace(session.lease, deadline=time.monotonic() + 1.0)
            heard = []
            session.signs.append(heard.append)
            session.gateway.quotes(["AAPL"])
            assert session.lease.seconds_left() > 100.0
            assert heard


def test_the_lease_of_a_process_that_was_killed_is_waited_for(tmp_path, monkeypatch):
    with TapeStore.open(tmp_path / "tape.db", header=HEADER) as one, TapeStore.open(tmp_path / "tape.db", header=HEADER) as other:
        held = one.acquire("a", "one", 180.0)
        with pytest.raises(LeaseHeldError):
            lease_of(other, "a", "other", 180.0, patience=0.0, stopped=lambda: False)
        with pytest.raises(StoppedError):
            lease_of(other, "a", "other", 180.0, patience=60.0, stopped=lambda: True)
        monkeypatch.setattr(leasing.time, "sleep", lambda _: one.release(held))
        assert lease_of(other, "a", "other", 180.0, patience=60.0, stopped=lambda: False).epoch == held.epoch + 1
