"""The views are folds: what a tape says, event by event, is what the run had in its books."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from framework import run
from framework.domain.market import Bar, ClosedBar
from framework.errors import TapeError
from framework.runtime.sessions.arrivals import Arrival, arrivals
from framework.runtime.tape.chain import START, NewEvent, chained
from framework.runtime.tape.inputs import bars_event, read_arrival
from framework.runtime.tape.reading import read_bars, read_events
from framework.runtime.tape.recording import write_tape
from framework.runtime.tape.views import COLUMNS, fold
from tests.runtime.tape.conftest import HEADER

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.record import RunRecord

CONFIGS = {
    "stops": {
        "strategy": {"class": "strategies.sma_cross:SmaCross", "params": {"fast": 3, "slow": 8}},
        "universe": {"symbols": ["AAPL", "IBM", "MSFT"]},
        "data": {"start": "2004-06-01", "end": "2005-06-30", "warmup": 80},
    },
    "shorts": {
        "strategy": {"class": "strategies.sma_cross:SmaCross", "params": {"fast": 3, "slow": 8}},
        "universe": {"symbols": ["IBM", "MSFT"]},
        "data": {"start": "2004-06-01", "end": "2005-01-30", "warmup": 80},
        "broker": {"name": "generic"},
        "stops": {"attach": "never"},
        "guards": {"enabled": False},
        "limits": {"profile": "venue"},
    },
}


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def record(request: pytest.FixtureRequest) -> RunRecord:
    """Runs with splits, dividends, stops and partial fills."""
    return run(CONFIGS[request.param]).record


@pytest.fixture(scope="module")
def views(record: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    path: Path = tmp_path_factory.mktemp("views") / "tape.db"
    write_tape(record, path)
    return dict(fold(read_events(path), arrivals(read_bars(path), int(record.timestamps[0]))))


def test_the_equity_curve_is_that_of_the_run_to_the_micro_dollar(record, views):
    assert [row["timestamp"] for row in views["equity"]] == record.timestamps.tolist()
    assert [row["equity_micros"] for row in views["equity"]] == np.rint(record.equity * 1e6).astype(int).tolist()
    assert [row["cash_micros"] for row in views["equity"]] == np.rint(record.cash * 1e6).astype(int).tolist()


def test_positions_are_those_the_run_ended_with(record, views):
    assert {row["symbol"]: row["quantity_micros"] / 1e6 for row in views["live_positions"]} == dict(record.open_positions)
    assert sum(row["value_micros"] for row in views["live_positions"]) == views["equity"][-1]["positions_micros"]


def test_orders_are_those_of_the_run_as_they_ended(record, views):
    assert [(row["order_id"], row["status"], row["filled_micros"], row["quantity_micros"]) for row in views["orders"]] == [
        (order.order_id, order.status.value, order.filled_micros, order.quantity_micros) for order in record.orders
    ]


def test_fills_are_those_of_the_run(record, views):
    assert [row["execution_id"] for row in views["fills"]] == [fill.execution_id for fill in record.fills]
    assert [(row["symbol"], row["side"], row["fees_micros"]) for row in views["fills"]] == [
        (fill.symbol, fill.side, fill.fees_micros) for fill in record.fills
    ]


def test_round_trips_are_those_of_the_run(record, views):
    found = [(row["symbol"], row["side"], row["entry_at"], row["exit_at"]) for row in views["executed_trades"]]
    assert sorted(found) == sorted((trade.symbol, trade.side, trade.entry_at, trade.exit_at) for trade in record.trades)
    assert len(found) > 3
    by_exit = {(trade.symbol, trade.exit_at): trade for trade in record.trades}
    for row in views["executed_trades"]:
        trade = by_exit[row["symbol"], row["exit_at"]]
        assert row["pnl_micros"] / 1e6 == pytest.approx(trade.pnl - trade.dividends, abs=2e-5)


def test_lineage_has_every_step_of_every_order_in_order(record, views):
    for order in record.orders[:20]:
        steps = [row for row in views["lineage"] if row["order_id"] == order.order_id]
        assert [row["sequence"] for row in steps] == sorted(row["sequence"] for row in steps)
        assert steps[0]["kind"] == "order_decided"
        assert steps[-1]["kind"] == f"order_{order.status.value}"


def test_every_row_has_the_columns_of_its_view(views):
    assert set(views) == set(COLUMNS)
    assert {name: {tuple(row) for row in rows} for name, rows in views.items() if rows} == {
        name: {COLUMNS[name]} for name, rows in views.items() if rows
    }


# A session's bars stand among its events.


def tape(*events: NewEvent) -> list:
    return [row.read() for row in chained(START, [NewEvent(0, "run_started", HEADER | {"cash_micros": 1_000_000_000}), *events])]


def arrival(timestamp: int, **closes: float) -> Arrival:
    return Arrival(
        timestamp, {symbol: ClosedBar(Bar(symbol, timestamp, price, price, price, price, 5.0)) for symbol, price in closes.items()}
    )


def decided(order_id: str = "a", **other: object) -> NewEvent:
    order = {
        "symbol": "IBM", "side": "buy", "quantity_micros": 2_000_000, "order_type": "market", "limit_micros": None, "stop_micros": None,
        "trail_micros": None, "trail_type": "percentage", "time_in_force": "day", "extended_hours": False, "role": "explicit",
        "parent_id": None, "oco_id": None, "strategy": "s", "tag": None, "reason": "",
    }  # fmt: skip
    return NewEvent(10, "order_decided", {"order_id": order_id} | order | other)


def filled(execution: str, timestamp: int = 15, price: int = 100_000_000, status: str = "filled", quantity: int = 2_000_000) -> NewEvent:
    fill = {"quantity_micros": quantity, "price_micros": price, "reference_micros": price, "fees_micros": 1_000}
    return NewEvent(timestamp, f"order_{status}", {"order_id": "a", "reason": "", "execution_id": execution, **fill})


def test_bars_of_a_session_come_back_bit_for_bit():
    bars = {"IBM": ClosedBar(Bar("IBM", 7, 0.1, 0.3, 0.1, 1 / 3 - 0.1, 1e9), 0.7, 1 / 7, 12_345)}
    event = bars_event(Arrival(7, bars))
    assert event.key == "bars:7"
    assert read_arrival(tape(event)[1]) == Arrival(7, bars)


def test_bars_that_are_none_are_named():
    with pytest.raises(TapeError, match="the bars of event 1 cannot be read"):
        read_arrival(tape(NewEvent(1, "bars_closed", {"IBM": [1, 2]}))[1])


def test_positions_are_valued_at_the_bars_of_the_session():
    found = fold(tape(bars_event(arrival(10, IBM=100.0)), decided(), filled("x"), bars_event(arrival(20, IBM=110.0))))
    assert [(row["timestamp"], row["equity_micros"]) for row in found["equity"]] == [(10, 1_000_000_000), (20, 1_019_999_000)]
    assert found["live_positions"][0]["value_micros"] == 220_000_000


def test_lineage_follows_an_order_to_the_venue_under_its_reference():
    went = [
        NewEvent(11, "intent", {"order_id": "a", "ref": "r"}),
        NewEvent(12, "dispatch", {"ref": "r"}),
        NewEvent(13, "note", {"ref": "s"}),
    ]
    found = fold(tape(decided(), *went))["lineage"]
    assert [(row["order_id"], row["kind"]) for row in found] == [("a", "order_decided"), ("a", "intent"), ("a", "dispatch")]


def test_a_fill_told_twice_is_booked_once():
    found = fold(tape(decided(), filled("x", status="partially_filled"), filled("x"), filled("x")))
    assert (len(found["fills"]), found["live_positions"][0]["quantity_micros"]) == (1, 2_000_000)
    assert found["orders"][0]["status"] == "filled"


def test_a_fill_of_an_order_that_nobody_decided_is_named():
    with pytest.raises(TapeError, match=r"event 1 \(order_filled\) cannot be folded"):
        fold(tape(filled("x")))


def test_an_empty_tape_has_empty_views():
    assert all(rows == [] for rows in fold([]).values())
