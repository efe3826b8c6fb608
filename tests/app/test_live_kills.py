"""A live session that dies at any of its writes goes on in the middle of its turn: nothing is lost, doubled, or decided otherwise."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import nullcontext
from datetime import date

import pytest

from brokers.robinhood.testing import ACCOUNT, DoubleProcess
from brokers.robinhood.testing.clock import iso
from data import Dataset
from data.calendar import session_closes
from framework.app.assembly.loader import load_strategy
from framework.app.commands.looking_views import status_of
from framework.app.sessions.replay import replay
from framework.domain.command import CommandKind, OperatorCommand
from framework.errors import AuthenticationError, BrokerError, DataError, PartedError, SafetyError, TapeError
from framework.runtime.control.sending import send_command
from framework.runtime.loading import load_config
from framework.runtime.tape.store import TapeStore
from tests.app.live_world import Days, FarDouble, Live, moves_of, opened_double
from tests.app.project import ROWS, strategy, write
from tests.app.shadows import shadows_again, shadows_on
from tests.brokers.robinhood.live.children import child_of, ended
from tests.brokers.robinhood.live.weather import worsen
from tests.brokers.robinhood.live.world import truth_of
from tests.builders import bars
from tests.campaigns import size
from tests.kills.checker import rows_of, violations
from tests.replays.world import DiedError, MortalTape

KNOWN, COUNT, KILLED_COUNT = 25, 16, 32
SYMBOLS = ["AAPL", "IBM"]
#: Trades nearly every day: enters, leaves, turns brackets around, cancels.
BODY = """\
def on_start(self, ctx):
    ctx.state["day"] = 0

def on_bar(self, ctx):
    ctx.state["day"] += 1
    day = ctx.state["day"]
    for number, symbol in enumerate(ctx.symbols):
        step = (day + number) % 5
        if step == 1:
            ctx.target(symbol, 0.8)
        elif step == 2:
            ctx.sell(symbol, 3, order_type="limit", limit_price=round(float(ctx.bars(symbol).close[-1]) * 1.2, 2), time_in_force="gtc")
        elif step == 3:
            ctx.cancel_all(symbol)
        elif step == 4:
            ctx.target(symbol, 0.0)
"""


def market():
    """What is known when the days begin, how prices move on them, when that is (ns UTC), and the price then."""
    rows = [tuple(float(value) for value in row[1:]) for row in ROWS]
    sessions = session_closes(date(2012, 1, 3), date(2012, 4, 30))
    closes, opens = sessions.close[: len(rows)].tolist(), sessions.open[: len(rows)].tolist()
    history = Dataset({one: bars(one, rows[:KNOWN], closes[:KNOWN]) for one in SYMBOLS}, closes[KNOWN], ())
    moves = [move for one in SYMBOLS for move in moves_of(one, rows[KNOWN:], opens[KNOWN:])]
    return history, moves, closes[KNOWN - 1] + 3_600 * 10**9, rows[KNOWN - 1][3]


class Lives:
    """A session that dies again and again, and a world in which more than that may go wrong."""

    def __init__(self, folder, dice, *, trouble):
        self.folder, self.dice, self.trouble = folder, dice, trouble
        self.settings = load_config(folder / "onetape.toml")
        self.history, moves, start, price = market()
        self.double = opened_double(start, "100000", SYMBOLS, price)
        self.live = Live(self.double, Days(self.double, moves), folder, [], MortalTape)
        self.ends = Counter()

    def all(self):
        with self.double:
            while self.ends.total() < 60 and not self.ends["whole"]:
                MortalTape.left, MortalTape.after = (
                    self.dice.randint(1, 12) if self.ends.total() < 30 else 1 << 30,
                    self.dice.random() < 0.5,
                )
                self.one(COUNT)
            if self.trouble:
                self.calm()
            return truth_of(self.double)

    def calm(self):
        """Nothing goes wrong any more, and what is under way comes to its end."""
        self.trouble = False
        self.double.clear_faults()
        self.double.advance(500)
        self.ends["whole"] = 0
        while not self.ends["whole"]:
            self.one(COUNT + 5)

    def one(self, bars):
        mine = load_strategy(self.settings.strategy.path, self.settings.strategy.params, self.folder)
        try:
            self.live.play(self.settings, mine, self.history, bars, self.happen)
        except DiedError:
            self.ends["died"] += 1
        except AuthenticationError:
            (self.folder / "session" / "robinhood.session").unlink()  # a person logs in
            self.ends["logged out"] += 1
        except (BrokerError, SafetyError, DataError) as error:
            if isinstance(error, TapeError):
                raise
            self.double.advance(30)
            self.ends[type(error).__name__] += 1
        else:
            self.ends["whole"] += 1

    def happen(self, _count):
        """Between two decisions: something goes wrong at the venue, the operator says something."""
        if self.trouble and self.dice.random() < 0.5:
            worsen(self.double, self.dice)
        if self.trouble and self.dice.random() < 0.15:
            kind = CommandKind(self.dice.choice(["cancel_all", "reduce", "resume", "flatten"]))
            send_command(self.folder / "tape.db", OperatorCommand(kind, "ada", "a test"), None)


@pytest.fixture
def project(folder):
    extra = {"universe": {"symbols": SYMBOLS}, "data": {"source": "csv", "path": "bars", "start": None, "end": None}}
    fills = {"slippage": {"model": "none"}, "max_volume_share": 0.0}
    limits = {"max_orders_per_bar": 50}
    write(strategy(BODY, mode="live", sizing={"method": "equal"}, fills=fills, limits=limits, **extra), folder)
    return folder


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(size(2, 100)))
def test_a_session_that_dies_again_and_again_is_one_session(project, seed):
    lives = Lives(project, random.Random(seed), trouble=False)  # noqa: S311 - repeatable, not secret
    assert violations(project / "tape.db", lives.all()) == []
    kinds = Counter(kind for kind, _ in rows_of(project / "tape.db"))
    assert lives.ends["died"] > 3
    assert kinds["venue_bound"] > 2
    assert [one for one in lives.live.incidents if one.effect == "halt"] == []
    assert replay(project / "tape.db", project).difference is None
    assert shadows_again(project / "tape.db", project) == shadows_on(project / "tape.db")
    assert shadows_on(project / "tape.db")


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(size(3, 200)))
def test_whatever_goes_wrong_a_session_replays_exactly(project, seed):
    lives = Lives(project, random.Random(1_000 + seed), trouble=True)  # noqa: S311 - repeatable, not secret
    assert violations(project / "tape.db", lives.all()) == []
    found = replay(project / "tape.db", project)
    assert found.difference is None
    assert found.facts > 20
    assert shadows_again(project / "tape.db", project) == shadows_on(project / "tape.db")


def trade(url, folder):
    """A process's life: recover, trade to the end of the days. Where the one before was killed in a renewal, a person logs in."""
    settings, double = load_config(folder / "onetape.toml"), FarDouble(url)
    history, moves, _, _ = market()
    mine = load_strategy(settings.strategy.path, settings.strategy.params, folder)
    live = Live(double, Days(double, moves), folder, [])
    try:
        live.play(settings, mine, history, KILLED_COUNT)
    except AuthenticationError as error:
        with (folder / "logins").open("a") as said:
            said.write(f"{error}\n")
        (folder / "session" / "robinhood.session").unlink()
        live.play(settings, mine, history, KILLED_COUNT)


@pytest.mark.campaign
@pytest.mark.parametrize("world", range(size(1, 50)))
def test_a_process_that_is_killed_at_random_points_loses_and_doubles_nothing(project, world):
    dice, ends = random.Random(f"sigkill {world}"), Counter()  # noqa: S311 - repeatable, not secret
    _, _, start, price = market()
    with DoubleProcess(start=iso(start), cash="100000") as double:
        double.configure(request_takes=0.0)
        double.change_account(ACCOUNT, kind="margin")
        for symbol in SYMBOLS:
            double.list_stock(symbol, f"{price:.2f}")
        for _ in range(20):
            child = child_of(lambda: trade(double.url, project))
            time.sleep(dice.uniform(0.3, 1.2))
            os.kill(child, signal.SIGKILL)
            ends[ended(child)] += 1
        assert ended(child_of(lambda: trade(double.url, project))) == 0, "what went wrong is printed above"
        refs = [one["ref_id"] for one in double.book()["orders"]]
        assert violations(project / "tape.db", truth_of(double)) == []
    assert ends[-signal.SIGKILL] > 5
    assert len(set(refs)) == len(refs) > 10
    logins = (project / "logins").read_text().splitlines() if (project / "logins").exists() else []
    assert len(logins) <= ends[-signal.SIGKILL]
    assert all("Invalid refresh token" in one for one in logins)
    assert replay(project / "tape.db", project).difference is None


@pytest.mark.campaign
def test_a_strategy_that_raises_stops_entries_and_nothing_else(project, monkeypatch):
    code = (project / "mine.py").read_text()
    raising = 'if ctx.state["day"] == 4 and __import__("os").environ.get("BROKEN"):\n            raise KeyError("day")'
    broken = f'ctx.state["day"] += 1\n        {raising}'
    (project / "mine.py").write_text(code.replace('ctx.state["day"] += 1', broken))
    history, moves, start, price = market()
    settings = load_config(project / "onetape.toml")
    with opened_double(start, "100000", SYMBOLS, price) as double:
        live = Live(double, Days(double, moves), project, [])
        monkeypatch.setenv("BROKEN", "1")
        for count in (3, 4, 5, 9):  # begun again before it raises, where it does, and after it
            live.play(settings, load_strategy(settings.strategy.path, settings.strategy.params, project), history, count)
        assert violations(project / "tape.db", truth_of(double)) == []
    with TapeStore.attach(project / "tape.db") as store:
        (failed,) = store.events(kinds=["strategy_failed"])
        (command,) = store.events(kinds=["command_reduce"])
        orders = [event for event in store.events(kinds=["order_decided"]) if event.timestamp > failed.timestamp]
    assert "Mine.on_bar" in failed.payload["why"]
    assert command.payload["who"] == "strategy"
    assert orders
    assert status_of(str(project / "tape.db"))["trading"] == "REDUCING"
    assert replay(project / "tape.db", project).difference is None


@pytest.mark.campaign
@pytest.mark.parametrize("decides", [False, True])
def test_mended_code_goes_on_where_it_decides_what_the_tape_has(project, monkeypatch, decides):
    code = (project / "mine.py").read_text()
    broken = 'if ctx.state["day"] == 4 and __import__("os").environ.get("BROKEN"):\n            raise KeyError("day")\n'
    quiet = "" if decides else '        if ctx.state["day"] == 4:\n            return\n'
    (project / "mine.py").write_text(code.replace('ctx.state["day"] += 1\n', f'ctx.state["day"] += 1\n        {broken}{quiet}'))
    history, moves, start, price = market()
    settings = load_config(project / "onetape.toml")
    with opened_double(start, "100000", SYMBOLS, price) as double:
        live = Live(double, Days(double, moves), project, [])
        monkeypatch.setenv("BROKEN", "1")
        live.play(settings, load_strategy(settings.strategy.path, settings.strategy.params, project), history, 6)
        monkeypatch.delenv("BROKEN")
        with pytest.raises(PartedError) if decides else nullcontext():
            live.play(settings, load_strategy(settings.strategy.path, settings.strategy.params, project), history, 9)
        assert violations(project / "tape.db", truth_of(double)) == []
