"""The agent loop of the requirement documents, word by word.

Signals become protected orders, each is written down before and after it is sent, one symbol's error is no other's, rejections and failures
are told to a person, and so is a summary of each day.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

import pytest

from framework.app.assembly.loader import load_strategy
from framework.app.sessions.narrator import Narrator
from framework.app.sessions.replay import replay
from framework.domain.secret import Secret
from framework.runtime.alerts import Alerts, Channel, RateGate
from framework.runtime.clock import MonotonicClock
from framework.runtime.loading import load_config
from framework.runtime.logs.redaction import Redactor
from framework.runtime.logs.session import SessionLogs
from framework.runtime.tape.store import TapeStore
from tests.app.live_world import Days, Live, opened_double
from tests.app.project import strategy, write
from tests.app.test_live_kills import SYMBOLS, market

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from brokers.robinhood.testing import RobinhoodDouble
    from framework.runtime.tape.chain import TapeEvent

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")]  # Apprise

#: Buys both symbols on the first day, leaves them on the fifth.
BODY = """\
def on_start(self, ctx):
    ctx.state["day"] = 0

def on_bar(self, ctx):
    ctx.state["day"] += 1
    for symbol in ctx.symbols:
        if ctx.state["day"] in (1, 2, 3):
            ctx.target(symbol, 0.5)
        elif ctx.state["day"] == 5:
            ctx.target(symbol, 0.0)
"""


class Hook(BaseHTTPRequestHandler):
    """A web hook that keeps what it is told."""

    def do_POST(self):
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


class Lived(NamedTuple):
    """What a few days left: the tape, the double's orders, the titles and texts that a person got, and the lines of app.log."""

    events: list[TapeEvent]
    orders: list[dict[str, object]]
    told: list[tuple[str, str]]
    log: list[dict[str, object]]


@contextmanager
def hooked() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        server.told = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def lived(
    folder: Path,
    happens: Callable[[RobinhoodDouble], object],
    body: str = BODY,
    half_spread: float = 0.0,
    address: str = "",
    **sections: object,
) -> Lived:
    """Seven decisions on two symbols at a double to which ``happens`` has happened."""
    extra = {"universe": {"symbols": SYMBOLS}, "data": {"source": "csv", "path": "bars", "start": None, "end": None}}
    stops = {"method": "percent", "percent": 20.0}
    write(strategy(body, mode="live", sizing={"method": "equal"}, stops=stops, **extra, **sections), folder)
    history, moves, start, price = market()
    settings = load_config(folder / "onetape.toml")
    mine = load_strategy(settings.strategy.path, settings.strategy.params, folder)
    redact = Redactor([Secret("account", "canary-5551234")])
    with hooked() as hook, opened_double(start, "100000", SYMBOLS, price) as double:
        channel = Channel(Secret("hook", address or f"json://127.0.0.1:{hook.server_address[1]}/alerts"))
        gate = RateGate(MonotonicClock(), quiet_seconds=0.0, most_an_hour=3_600)
        happens(double)
        with Alerts([channel], redact, gate) as alerts, SessionLogs(folder / "logs", "a session", redact, None) as logs:
            narrator = Narrator(logs, alerts)
            Live(double, Days(double, moves, half_spread), folder, [], narrator=narrator).play(settings, mine, history, 7)
            narrator.summarize()
        orders = double.book()["orders"]
        told = [(one["title"], one["message"]) for one in hook.told]
    with TapeStore.attach(folder / "tape.db") as store:
        events = list(store.events())
    assert replay(folder / "tape.db", folder).difference is None
    return Lived(events, orders, told, [json.loads(line) for line in (folder / "logs" / "app.log").read_text().splitlines()])


def nothing(_: RobinhoodDouble) -> None:
    """A calm day."""


def rejecting(double: RobinhoodDouble) -> None:
    """The market refuses the first orders of AAPL."""
    for _ in range(3):
        double.plan("AAPL", rests=True, reject_after=1)


def test_signals_become_sized_checked_and_protected_orders_and_fills_are_on_the_tape(folder):
    found = lived(folder, nothing)
    bought = [one for one in found.orders if one["side"] == "buy"]
    stops = [one for one in found.orders if one["stop"]]
    assert {one["symbol"] for one in bought} == set(SYMBOLS) == {one["symbol"] for one in stops}
    fills = [event for event in found.events if event.payload.get("execution_id") is not None]
    assert len(fills) == 4
    assert not any(title.startswith(("[WARNING]", "[CRITICAL]")) for title, _ in found.told)


def test_every_submission_is_written_down_before_it_and_what_came_of_it_after(folder):
    found = lived(folder, rejecting)
    assert len(found.orders) > 4
    for order in found.orders:
        about = [event for event in found.events if str(order["ref_id"]) in json.dumps(event.payload)]
        kinds = [event.kind for event in about]
        sent, name = kinds.index("venue_dispatch"), str(about[0].payload["order_id"])
        assert kinds[:sent] == ["venue_intent"]
        assert {"venue_bound", "venue_not_sent"} & set(kinds[sent:])
        (decided,) = (one for one in found.events if one.kind == "order_decided" and one.payload["order_id"] == name)
        assert decided.payload["reason"]  # why it was sent
        assert decided.sequence < about[sent].sequence
        told = [one.kind for one in found.events if one.payload.get("order_id") == name and one.sequence > about[sent].sequence]
        assert any(kind.startswith("order_") for kind in told)  # and what became of it


def test_a_rejection_of_one_symbol_does_not_stop_the_others_and_is_told(folder):
    found = lived(folder, rejecting)
    rejected = [one for one in found.orders if one["state"] == "rejected"]
    assert {one["symbol"] for one in rejected} == {"AAPL"}
    traded = {one["symbol"] for one in found.orders if one["executions"]}
    assert "IBM" in traded
    told = [text for title, text in found.told if title == "[WARNING] order rejected"]
    assert len(told) == len(rejected)
    assert {line["detail"] for line in found.log if line["event"] == "order rejected"} == set(told)


def test_a_failure_to_send_is_told_and_the_other_symbol_trades(folder):
    found = lived(
        folder, lambda double: double.fault(method="POST", path="/orders/", handled="no", status=500, body="<h1>Server Error</h1>")
    )
    assert any(title.startswith(("[WARNING]", "[CRITICAL]")) for title, _ in found.told)
    assert any(
        "AAPL" in text and "look whether the venue has it" in text for _, text in found.told
    )  # it may be there, and is never sent again
    assert {one["symbol"] for one in found.orders if one["executions"]} == {"IBM"}


def test_each_day_ends_with_a_summary_and_so_does_the_session(folder):
    found = lived(folder, nothing)
    summaries = [text for title, text in found.told if title == "[INFO] daily summary"]
    assert len(summaries) >= 7
    assert "equity 100000 (+0), 0 fills, 0 orders working, held: nothing, trading is ACTIVE" in summaries[0]
    assert any("2 fills" in one and "AAPL" in one and "IBM" in one for one in summaries)


RAISING = """\
        if ctx.state["day"] == 4:
            ctx.target("IBM", 0.0)
            raise ZeroDivisionError("canary-5551234")
"""


def test_a_strategy_that_raises_is_told_stops_entries_and_its_targets_of_that_bar_are_dropped(folder):
    loop = "    for symbol in ctx.symbols:\n"
    body = BODY.replace("== 5:", '== 5 and symbol == "IBM":').replace(loop, loop + RAISING)
    found = lived(folder, nothing, body)
    (failed,) = [event for event in found.events if event.kind == "strategy_failed"]
    decided = [event for event in found.events if event.kind == "order_decided"]
    at_failure = [event for event in decided if event.timestamp == failed.timestamp]
    assert at_failure == []  # what was asked for before it raised is not done
    after = [event.payload for event in decided if event.timestamp > failed.timestamp and event.payload["role"] == "target"]
    assert [(one["symbol"], one["side"]) for one in after] == [("IBM", "sell")]  # exits go on
    (told,) = [text for title, text in found.told if title == "[CRITICAL] the strategy failed"]
    assert "ZeroDivisionError" in told
    assert "canary-5551234" not in told
    assert any(title.startswith("[CRITICAL] circuit breaker") and "REDUCING" in text for title, text in found.told)


def test_a_strategy_that_raises_when_it_is_stopped_ends_its_session_in_order(folder):
    found = lived(folder, nothing, f'{BODY}\ndef on_stop(self, ctx):\n    raise KeyError("at the end")\n')
    assert [event.kind for event in found.events].count("strategy_failed") == 1
    assert any("at the end" in text for title, text in found.told if title == "[CRITICAL] the strategy failed")


def test_alerts_that_reach_nobody_are_in_the_log_and_cost_nothing(folder):
    found = lived(folder, nothing, address="json://127.0.0.1:9/nobody")
    assert found.told == []
    assert [line["event"] for line in found.log].count("alerts reach nobody") == 1
    assert {one["symbol"] for one in found.orders if one["executions"]} == set(SYMBOLS)


def test_fills_too_far_from_the_model_are_told_once(folder):
    found = lived(folder, nothing, half_spread=0.30, shadow={"max_slippage_bps": 5.0, "least_orders": 2})
    (told,) = [text for title, text in found.told if title == "[WARNING] live fills are not those of the model"]
    assert "basis points worse than the fill model, 5.0 allowed" in told
    assert not any(event.kind == "command_reduce" for event in found.events)
