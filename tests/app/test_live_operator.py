"""The operator's word in sessions on quotes: it reaches the venue, is on the tape where it was heard, and replays."""

from __future__ import annotations

import json
from datetime import date

import pytest

from data import Dataset
from data.calendar import session_closes
from framework.app.assembly.loader import load_strategy
from framework.app.commands.looking_views import orders_of, status_of
from framework.app.sessions.replay import replay
from framework.domain.command import CommandKind, OperatorCommand
from framework.runtime.control.sending import send_command
from framework.runtime.loading import load_config
from framework.runtime.tape.store import TapeStore
from tests.app.live_world import Days, Live, moves_of, opened_double
from tests.app.project import ROWS, process, strategy, write
from tests.builders import bars

pytestmark = pytest.mark.campaign
KNOWN = 25
BODY = """\
size: float = 0.8

def on_start(self, ctx):
    ctx.state["day"] = 0

def on_bar(self, ctx):
    ctx.state["day"] += 1
    if ctx.state["day"] == 1:
        ctx.target("IBM", self.size)
        ctx.buy("IBM", 1, order_type="limit", limit_price=100.0, time_in_force="gtc")
"""


class Told:
    """A session to which something is said; its tape and the double's book."""

    def __init__(self, folder, mode, said, last_four=None, **sections):
        self.folder, self.tape = folder, folder / "tape.db"
        data = {"source": "csv", "path": "bars", "start": None, "end": None}
        fills = {"slippage": {"model": "none"}, "max_volume_share": 0.0}
        everything = {"mode": mode, "universe": {"symbols": ["IBM"]}, "data": data, "sizing": {"method": "equal"}, **sections}
        write(strategy(BODY, fills=fills, **everything), folder)
        config = load_config(folder / "onetape.toml")
        rows = [tuple(float(value) for value in row[1:]) for row in ROWS]
        sessions = session_closes(date(2012, 1, 3), date(2012, 4, 30))
        closes, opens = sessions.close[: len(rows)].tolist(), sessions.open[: len(rows)].tolist()
        history = Dataset({"IBM": bars("IBM", rows[:KNOWN], closes[:KNOWN])}, closes[KNOWN], ())
        self.incidents = []
        with opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", ["IBM"], rows[KNOWN - 1][3]) as double:
            days = Days(double, list(moves_of("IBM", rows[KNOWN:], opens[KNOWN:])))
            mine = load_strategy(config.strategy.path, config.strategy.params, folder)
            self.played = Live(double, days, folder, self.incidents, last_four=last_four).play(
                config, mine, history, 6, lambda count: said(self, count)
            )
            self.book = double.book()

    def say(self, kind, **arguments):
        send_command(self.tape, OperatorCommand(CommandKind(kind), "ada", "a test", arguments=arguments), None)

    def events(self, *kinds):
        with TapeStore.attach(self.tape) as store:
            return list(store.events(kinds=kinds))


def flatten(told, count):
    if count == 3:
        told.say("flatten")


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_a_flatten_leaves_every_position_and_replays(folder, mode):
    told = Told(folder, mode, flatten)
    (done,) = told.events("command_done")
    assert (done.payload["effect"]["trading"], len(done.payload["effect"]["closed"])) == ("HALTED", 1)
    assert told.played.record.open_positions == {}
    assert [fill.side for fill in told.played.record.fills] == ["buy", "sell"]
    if mode == "live":
        assert told.book["accounts"]["5QR00001"]["shares"].get("IBM", 0) == 0
        assert {one["state"] for one in told.book["orders"]} == {"filled", "cancelled"}
    else:
        assert told.book["orders"] == []
    assert replay(told.tape, folder).difference is None


def test_one_order_is_canceled_by_its_id(folder):
    def cancel(told, count):
        if count == 2:
            (limit,) = (one for one in orders_of(str(told.tape), ended=False) if one["order_type"] == "limit")
            told.say("cancel", order_id=limit["order_id"])

    told = Told(folder, "live", cancel)
    (done,) = told.events("command_done")
    assert len(done.payload["effect"]["canceled"]) == 1
    (limit,) = (one for one in told.book["orders"] if one["price"] == 100_000_000)
    assert limit["state"] == "cancelled"
    assert replay(told.tape, folder).difference is None


def test_an_order_that_was_not_lost_is_not_settled_by_a_word(folder):
    def settle(told, count):
        if count == 2:
            (limit,) = (one for one in orders_of(str(told.tape), ended=False) if one["order_type"] == "limit")
            told.say("settle", order_id=limit["order_id"])

    told = Told(folder, "live", settle)
    assert len(told.events("command_done")) == 1
    assert "confirmed" in {one["state"] for one in told.book["orders"]}
    assert replay(told.tape, folder).difference is None


def test_an_incident_that_is_not_there_is_not_acknowledged_by_a_word(folder):
    def acknowledge(told, count):
        if count == 2:
            told.say("acknowledge", code="unprotected_position", subject="IBM")

    told = Told(folder, "live", acknowledge)
    (done,) = told.events("command_done")
    assert "no open incident" in done.payload["effect"]["refused"]
    assert replay(told.tape, folder).difference is None


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_an_override_holds_for_its_time_is_shown_and_replays(folder, mode):
    def override(told, count):
        if count == 2:
            told.say("override", name="limits.max_positions", value=0, seconds=36 * 3_600)
            told.say("override", name="limits.nothing", value=1, seconds=60)
            told.say("rotate")

    told = Told(folder, mode, override)
    given, refused, rotated = told.events("command_done")
    effect = given.payload["effect"]
    assert (effect["override"], effect["value"]) == ("limits.max_positions", 0)
    assert effect["until"] == given.timestamp + 36 * 3_600 * 10**9
    assert "cannot be overridden" in refused.payload["effect"]["refused"]
    assert "rotated" not in rotated.payload["effect"]
    assert status_of(str(told.tape))["overrides"] == []  # it is over
    assert replay(told.tape, folder).difference is None


def test_an_override_without_the_account_s_last_four_is_refused(folder):
    def override(told, count):
        if count == 2:
            told.say("override", name="limits.max_positions", value=9, seconds=86_400)
            told.say("override", name="limits.max_positions", value=9, seconds=86_400, confirm="9999")
            told.say("override", name="limits.max_positions", value=9, seconds=86_400, confirm="0001")

    told = Told(folder, "live", override, last_four="0001")
    first, second, third = (event.payload["effect"] for event in told.events("command_done"))
    assert "--confirm" in first["refused"]
    assert second == first
    assert third["value"] == 9
    assert replay(told.tape, folder).difference is None


def test_a_changed_line_is_reported_at_its_decision(folder):
    Told(folder, "live", lambda *_: None)
    assert process("replay", ".", folder=folder).code == 0
    code = (folder / "mine.py").read_text()
    (folder / "mine.py").write_text(code.replace("size: float = 0.8", "size: float = 0.7"))
    done = process("replay", ".", "--json", folder=folder)
    assert done.code == 1
    found = json.loads(done.out)["first_difference"]
    assert found["recorded"]["kind"] == found["replayed"]["kind"] == "order_decided"
    assert found["recorded"]["quantity_micros"] > found["replayed"]["quantity_micros"]


def test_a_trailing_stop_rests_at_the_venue_whatever_the_fill_was(folder):
    """The venue takes no part of a cent, and five percent below a price is one nearly always."""
    stops = {"method": "trailing", "trail_percent": 5.0}
    told = Told(folder, "live", lambda *_: None, stops=stops)
    (stop,) = (one for one in told.book["orders"] if one["side"] == "sell")  # the venue lets it follow: it is not placed anew for that
    assert (stop["state"], stop["stop"] % 10_000) == ("confirmed", 0)
    assert replay(told.tape, folder).difference is None
    (folder / "paper").mkdir()
    paper = Told(folder / "paper", "paper", lambda *_: None, stops=stops)
    assert told.played.record.decisions_hash == paper.played.record.decisions_hash
