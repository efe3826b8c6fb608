"""What ``onetape status``, ``orders``, ``positions`` and ``fills`` tell of a session, from its tape."""

from __future__ import annotations

import json
from datetime import date

from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.store import TapeStore
from tests.app.project import ROWS, bars, call, write


def test_what_a_session_has_is_read_from_its_tape(folder):
    write(bars(ROWS, start=date(2012, 2, 8), warmup=25), folder)
    assert call("paper", "--rehearse", "--out", "runs/one", "--quiet").code == 0
    everything = json.loads(call("orders", "--all", "--json").out)
    traded = json.loads(call("fills", "runs/one", "--json").out)
    told = json.loads(call("status", "--json").out)
    assert {one["order_id"] for one in traded} <= {one["order_id"] for one in everything}
    assert told["equity"] == json.loads((folder / "runs/one/summary.json").read_text())["final_equity"]
    assert told["working_orders"] == len(json.loads(call("orders", "--json").out)) < len(everything)
    assert "AAPL" not in call("positions").out
    assert told["session"].startswith("ended 20")


def test_of_a_session_that_has_not_ended_the_status_does_not_say_that_it_has(folder):
    write(bars(ROWS, start=date(2012, 2, 8), warmup=25), folder)
    assert call("paper", "--rehearse", "--out", "runs/one", "--quiet").code == 0
    with TapeStore.attach(folder / "runs/one/tape.db") as store:
        store.append([NewEvent(1_400_000_000 * 10**9, "session_resumed", {})])
    assert json.loads(call("status", "--json").out)["session"] == "runs, or was cut off after 2014-05-13T16:53:20Z"
    assert call("backtest", "--out", "runs/two", "--quiet").code == 0
    assert json.loads(call("status", "runs/two", "--json").out)["session"] == "ended"


def test_what_a_session_has_stands_below_its_names(folder):
    write(bars(ROWS, start=date(2012, 2, 8), warmup=25), folder)
    assert call("paper", "--rehearse", "--out", "runs/one", "--quiet").code == 0
    names, *lines = call("fills").out.splitlines()
    (first, *others) = json.loads(call("fills", "--json").out)
    assert names.split() == ["time", "symbol", "side", "order", "id", "execution", "id", "quantity", "price", "fees"]
    assert len(lines) == len(others) + 1
    at = names.index("price") + len("price")
    assert lines[0][:at].split()[-1] == f"{first['price']:,.6f}".rstrip("0").rstrip(".")
    assert {len(line) for line in (names, *lines)} == {len(names)}
    assert call("fills", "--shadow").out == "none\n"
