"""A halt is heard by the loop of a session on quotes at once, whichever way it comes; how soon is in benchmarks/tape.py."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from data import Dataset
from data.request import bar_length
from framework.app.assembly.loader import load_strategy
from framework.app.sessions.forward import Crew, Feed, opened_forward
from framework.app.sessions.session import header
from framework.domain.command import CommandKind, OperatorCommand
from framework.errors import BrokerError, DataError
from framework.runtime.clock import Stopwatch, SystemTime, now_ns
from framework.runtime.control.control import Control
from framework.runtime.control.sending import send_command
from framework.runtime.control.switches import HaltFile, HaltSignal
from framework.runtime.loading import load_config
from framework.runtime.tape.store import TapeStore
from tests.app.project import strategy, write
from tests.builders import bars

SECOND = 1_000_000_000
WORD = OperatorCommand(CommandKind.HALT, "ada", "a test")


class Silent:
    """A venue that nobody reaches."""

    def ticks(self, symbols):
        raise BrokerError(f"no route to the host of {symbols}")


class Listening(Control):
    """Notes when a command was carried out."""

    heard = 0.0

    def done(self, *args):
        super().done(*args)
        self.heard = time.monotonic()


@pytest.fixture
def session(folder):
    """A paper session whose network is down: its folder, what hears its commands, and what lets it run for some seconds."""
    data = {"source": "csv", "path": "bars", "start": None, "end": None, "resolution": "1m"}
    write(strategy("def on_bar(self, ctx):\n    pass", mode="paper", universe={"symbols": ["IBM"]}, data=data), folder)
    config = load_config(folder / "onetape.toml")
    mine = load_strategy(config.strategy.path, config.strategy.params, folder)
    now = now_ns()
    first = now - now % bar_length("1m") - 10 * bar_length("1m")
    history = Dataset({"IBM": bars("IBM", [(100.0,) * 4] * 5, [first + at * bar_length("1m") for at in range(5)])}, now, ())
    halt_signal, over = HaltSignal(), threading.Event()
    with TapeStore.open(folder / "tape.db", header=header(config, mine)) as store, halt_signal.listening():
        control = Listening(store, HaltFile(folder / "HALT"), halt_signal)

        def play(given):
            """Give the word once the loop turns, and run until it is heard; seconds between."""
            said = []

            def give():
                time.sleep(0.5)
                said.append(time.monotonic())
                given(folder)
                while not control.heard and time.monotonic() < said[0] + 5:
                    time.sleep(0.002)
                over.set()

            operator = threading.Thread(target=give)
            operator.start()
            feed = Feed(Silent(), SystemTime(), over.is_set, now + 30 * SECOND)
            try:
                with opened_forward(config, mine, history, store, Stopwatch(), feed, Crew(control=control)) as opened:
                    opened.simulation.driver.run(opened.note)
                    state = opened.simulation.engine.desk.breakers.trading.name
                    with pytest.raises(DataError, match="no bar"):
                        opened.ended()
            finally:
                over.set()
                operator.join()
            return control.heard - said[0], state

        yield play


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        lambda folder: send_command(folder / "tape.db", WORD, None),
        lambda folder: (folder / "HALT").touch(),
        lambda _: os.kill(os.getpid(), signal.SIGUSR1),
    ],
    ids=["tape", "file", "signal"],
)
def test_a_halt_is_obeyed_at_once_while_the_network_is_down(session, given):
    waited, state = session(given)
    assert state == "HALTED"
    assert 0 < waited < 1.0  # real time, which a machine with too much to do takes


def test_a_signal_stops_what_is_sent_before_the_loop_has_heard_it():
    one = HaltSignal()
    with one.listening():
        assert not one.is_up
        os.kill(os.getpid(), signal.SIGUSR1)
        assert one.is_up
        assert one.poll().kind is CommandKind.HALT
        assert not one.is_up
