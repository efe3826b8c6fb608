"""Bars that come when they are past: history and stops take them in, nothing is decided on them, and the tape says so."""

from __future__ import annotations

import pytest

from data import Dataset
from framework.app.assembly.assemble import rehearsed
from framework.app.assembly.loader import load_strategy
from framework.app.sessions.replay import replay
from framework.app.sessions.session import header, play_session
from framework.runtime.clock import Stopwatch
from framework.runtime.loading import load_config
from framework.runtime.tape.store import TapeStore
from tests.app.project import strategy, write
from tests.builders import bars, daily
from tests.days.player import Day

KNOWN, COUNT = 5, 10
EACH = """\
def on_bar(self, ctx):
    ctx.state["bars"] = ctx.state.get("bars", 0) + 1
    ctx.target("A", 0.2 + 0.05 * ctx.state["bars"])
"""
#: Wants in on the third bar after the start, and out on the eighth.
SWITCHES = """\
def signals(self, bars):
    wanted = np.full(bars.close.shape, np.nan)
    for index in range(len(wanted)):
        wanted[index] = 0.5 if 7 <= index < 12 else 0.0
    return wanted
"""
TIMES = daily(KNOWN + COUNT)


def played(folder, body, late, kind="Strategy", prices=None, **sections):
    """A paper session over ten days of which those numbered ``late`` come late; the events of its tape."""
    data = {"source": "csv", "path": "bars", "start": None, "end": None}
    write(strategy(body, kind, mode="paper", data=data, universe={"symbols": ["A"]}, sizing={"method": "equal"}, **sections), folder)
    config = load_config(folder / "onetape.toml")
    rows = [(one, one + 1.0, one - 1.0, one) for one in prices or [100.0] * (KNOWN + COUNT)]
    coming = rehearsed(Dataset({"A": bars("A", rows, TIMES)}, TIMES[KNOWN], ()))
    arriving = (one._replace(is_late=number in late) for number, one in enumerate(coming.arriving))
    mine = load_strategy(config.strategy.path, config.strategy.params, folder)
    with TapeStore.open(folder / "tape.db", header=header(config, mine)) as store:
        play_session(config, mine, coming._replace(arriving=arriving), store, Stopwatch())
        events = list(store.events())
    assert replay(folder / "tape.db", folder).difference is None
    return events


def decided(events, role="target"):
    """The number of the day, and the side, of each order of ``role``."""
    found = [event for event in events if event.kind == "order_decided" and event.payload["role"] == role]
    return [(TIMES.index(event.timestamp) - KNOWN, event.payload["side"]) for event in found]


def test_nothing_is_decided_on_a_late_bar_and_it_is_history_of_the_next(folder):
    usual = decided(played(folder / "usual", EACH, ()))
    late = played(folder / "late", EACH, {3, 4, 5})
    assert {day for day, _ in usual} >= {3, 4, 5}
    assert not {day for day, _ in decided(late)} & {3, 4, 5}
    assert {6, 7} <= {day for day, _ in decided(late)}
    assert [event.kind for event in late].count("bars_late") == 3
    assert [event.kind for event in late].count("bars_closed") == COUNT


def test_what_signals_asked_for_on_late_bars_is_wanted_at_the_next_decision(folder):
    assert decided(played(folder / "usual", SWITCHES, (), "SignalStrategy")) == [(2, "buy"), (7, "sell")]
    assert decided(played(folder / "late", SWITCHES, {2, 3, 7}, "SignalStrategy")) == [(4, "buy"), (8, "sell")]
    assert decided(played(folder / "both", SWITCHES, {2, 3, 4, 5, 6, 7}, "SignalStrategy")) == []


def test_a_stop_moves_by_late_bars(folder):
    rising = [100.0] * KNOWN + [100.0, 101.0, 110.0, 120.0, 121.0, 121.0, 121.0, 121.0, 121.0, 121.0]
    body = 'def on_bar(self, ctx):\n    if ctx.position("A").quantity == 0:\n        ctx.target("A", 0.5)\n'
    events = played(folder, body, {2, 3, 4}, prices=rising, stops={"method": "pullback", "pullback_bars": 2})
    stops = [event for event in events if event.kind == "order_decided" and event.payload["role"] == "stop"]
    levels = [event.payload["stop_micros"] for event in stops]
    assert levels == sorted(levels)
    assert {TIMES.index(event.timestamp) - KNOWN for event in stops} & {2, 3, 4}


ROW = {
    "from": "2026-03-02T13:00:00Z",
    "until": "2026-03-03T22:00:00Z",
    "events": [{"at": "2026-03-02T15:45:00Z", "do": "die"}, {"at": "2026-03-02T18:45:00Z", "do": "die"}],
    "restarts_after": 4_000,
}
DOWN = {"at": "2026-03-02T14:00:00Z", "do": "fault", "path": "/quotes/historicals/", "status": 503, "times": 10_000}


@pytest.mark.campaign
@pytest.mark.parametrize("mode", ["live", "paper"])
@pytest.mark.parametrize("answers", [True, False])
def test_what_a_session_missed_while_it_was_down_comes_from_the_venue(folder, mode, answers):
    day = Day(ROW if answers else {**ROW, "events": [DOWN, *ROW["events"]]}, mode, folder)
    outcome = day.play()
    assert outcome.ends == ["died", "died", "ended"]
    with TapeStore.attach(folder / "tape.db") as store:
        events = list(store.events())
    late = [event.timestamp for event in events if event.kind == "bars_late"]
    closed = [(event.timestamp, sorted(event.payload)) for event in events if event.kind == "bars_closed"]
    assert len({at for at, _ in closed}) == len(closed)
    whole = [at for at, symbols in closed if symbols == ["AAPL", "MSFT"]]
    assert bool(late) is answers
    assert (len(whole) == 14) is answers
    assert not {event.timestamp for event in events if event.kind == "order_decided" and event.payload["side"] == "buy"} & set(late)
    assert replay(folder / "tape.db", folder).difference is None
