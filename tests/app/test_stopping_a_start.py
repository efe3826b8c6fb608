"""A session that is asked to stop before it is ready ends at once, gives its lease back, and goes on later as if nothing was."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from data import Dataset
from framework.app.assembly.loader import load_strategy
from framework.app.sessions.narrator import Narrator
from framework.app.sessions.replay import replay
from framework.errors import StoppedError
from framework.rules.arming import account_hash
from framework.runtime.clock import now_ns
from framework.runtime.loading import load_config
from framework.runtime.logs.redaction import Redactor
from framework.runtime.logs.session import SessionLogs
from framework.runtime.tape.store import TapeStore
from tests.app.live_world import Days, Live, moves_of, opened_double
from tests.app.logging_in import logged_in
from tests.app.project import ONETAPE, ROWS, call, config, csv_text, strategy, write
from tests.builders import bars, daily

LIVE = ("live", "--arm", "--confirm", ACCOUNT[-4:], "--reason", "a test")
LONG = 40.0


@pytest.fixture
def double():
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as running:
        yield running


@pytest.fixture
def environment(folder, double, monkeypatch):
    """Somebody who is logged in, with a live run that has ended."""
    settings = config(mode="live", data={"source": "csv", "path": "bars", "start": None, "end": None}, universe={"symbols": ["AAPL"]})
    write({**settings, "bars/AAPL.csv": csv_text(ROWS)}, folder)
    given = {
        **logged_in(double, folder / "state"),
        "ONETAPE__SESSION__WATCHDOG_SECONDS": "0",
        "ONETAPE__BROKER__RATE_LIMIT_REQUESTS": "200",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    double.list_stock("AAPL", "100.00")
    done = call(*LIVE, "--for", "1s", "--out", "run")
    assert done.code == 0, done.err
    return {**os.environ, **given}


def stopped(folder, environment, number, is_there):
    """A process that goes on with the run and is told to stop once ``is_there``: its exit code, what it said, and how long it took."""
    command = [ONETAPE, *LIVE, "--resume", "run"]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        ends = time.monotonic() + LONG
        while not is_there() and process.poll() is None and time.monotonic() < ends:
            time.sleep(0.05)
        process.send_signal(number)
        began = time.monotonic()
        out, err = process.communicate(timeout=LONG)
        return process.returncode, out + err, time.monotonic() - began
    finally:
        process.kill()


def is_free(folder):
    """Whether anybody may trade the account now."""
    with TapeStore.attach(folder / "run" / "tape.db") as store:
        store.release(store.acquire(account_hash(ACCOUNT), "the test", 60.0))
    return True


@pytest.mark.campaign
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_while_the_venue_does_not_show_the_account(folder, environment, double, number):
    double.fault(path="/positions/", status=503, times=10_000)
    before = double.counts()["requests"]

    def asks():
        return any("/positions/" in path for _, _, path, _ in double.requests(before))

    code, said, took = stopped(folder, environment, number, asks)
    assert code == 0, said
    assert "before a bar had closed" in said
    assert took < LONG / 4
    assert is_free(folder)


@pytest.mark.campaign
def test_while_another_process_still_has_the_lease(folder, environment, double):
    with TapeStore.attach(folder / "run" / "tape.db") as store:
        held = store.acquire(account_hash(ACCOUNT), "another", 600.0)
        before = double.counts()["requests"]
        code, said, _ = stopped(folder, environment, signal.SIGTERM, lambda: double.counts()["requests"] > before)
        store.release(held)
    assert code == 0, said
    assert "before a bar had closed" in said
    assert is_free(folder)


KNOWN, COUNT = 25, 8


@pytest.mark.slow
def test_while_the_tape_is_taken_again_and_what_comes_later_is_not_disturbed(folder):
    write(strategy("def on_bar(self, ctx):\n    ctx.target('AAPL', 0.5)\n", mode="live"), folder)
    known, rows, closes = load_config(folder / "onetape.toml"), [tuple(map(float, row[1:])) for row in ROWS], daily(KNOWN + COUNT + 1)
    history = Dataset({"AAPL": bars("AAPL", rows[:KNOWN], closes[:KNOWN])}, closes[KNOWN], ())
    opens = [close - 23_400 * 10**9 for close in closes]
    with opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", ["AAPL"], rows[KNOWN - 1][3]) as double:
        days = Days(double, list(moves_of("AAPL", rows[KNOWN : KNOWN + COUNT], opens[KNOWN : KNOWN + COUNT])))
        live = Live(double, days, folder, [])

        def mine():
            return load_strategy(known.strategy.path, known.strategy.params, folder)

        live.play(known, mine(), history, 4)
        with TapeStore.attach(folder / "tape.db") as store:
            before = store.head
        for least in (0, 3, 20):
            asked = iter(range(10_000))
            with (
                pytest.raises(StoppedError, match="before it was ready"),
                live.opened(known, mine(), history, 6, stopped=lambda asked=asked, least=least: next(asked) >= least) as opened,
            ):
                opened.simulation.driver.run(opened.note)
        with TapeStore.attach(folder / "tape.db") as store:
            assert store.head == before
        live.play(known, mine(), history, 6)
    assert replay(folder / "tape.db", folder).difference is None


@pytest.mark.slow
def test_what_filled_while_nobody_was_there_is_told_and_nothing_before_it(folder):
    body = "def on_bar(self, ctx):\n    if not ctx.state.get('in'):\n        ctx.target('AAPL', 0.5)\n    ctx.state['in'] = True\n"
    write(strategy(body, mode="live", stops={"method": "percent", "percent": 4.0}), folder)
    known, rows, closes = load_config(folder / "onetape.toml"), [tuple(map(float, row[1:])) for row in ROWS], daily(KNOWN + COUNT + 1)
    history = Dataset({"AAPL": bars("AAPL", rows[:KNOWN], closes[:KNOWN])}, closes[KNOWN], ())
    opens = [close - 23_400 * 10**9 for close in closes]
    heard = []
    with (
        opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", ["AAPL"], rows[KNOWN - 1][3]) as double,
        SessionLogs(folder / "logs", "a session", Redactor(), None) as logs,
    ):
        days = Days(double, list(moves_of("AAPL", rows[KNOWN : KNOWN + COUNT], opens[KNOWN : KNOWN + COUNT])))
        for count in (4, 6):
            narrator = Narrator(logs, None, lambda title, text: heard.append((title, text)))
            mine = load_strategy(known.strategy.path, known.strategy.params, folder)
            Live(double, days, folder, [], narrator=narrator).play(known, mine, history, count)
            if count == 4:
                assert not any("meanwhile" in title for title, _ in heard)
                double.move_to(iso(opens[KNOWN + 4] + 60 * 10**9))
                double.trade_at("AAPL", f"{rows[KNOWN + 3][3] * 0.9:.2f}")
    (told,) = [(title, text) for title, text in heard if "meanwhile" in title]
    assert "sell" in told[1]
