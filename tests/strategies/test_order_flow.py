"""The strategy of order flow over recorded messages: it leaves when sellers press, and knows nothing that came later."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from framework.errors import BadDataError, ConfigError, MissingDataError
from framework.rules.flow.policy import FlowPolicy
from strategies.recorded_flow import RecordedFlow
from tests.strategies.panels import frame, played, series, sessions

SECOND = 10**9
PLACE = "strategies.order_flow:OrderFlowExit"
STEP = 300 * SECOND


def closes(count=60):
    """Closes of five-minute bars of one session."""
    opened = sessions(1)[0].tz_localize("America/New_York") + pd.Timedelta("9h30min")
    return pd.DatetimeIndex([opened + pd.Timedelta(minutes=5 * (place + 1)) for place in range(count)]).tz_convert("UTC")


def rising(count=60):
    """Bars that rise all the time: an average is never lost."""
    one = series("IBM", 100.0 + np.arange(count) * 0.05)
    return {"IBM": frame(one, closes(count))}


def quiet(count=60):
    """A small trade every 30 seconds, and a quote before them."""
    first = closes(1)[0].value - STEP
    lines = [{"ev": "Q", "sym": "IBM", "bp": 99.0, "bs": 5, "ap": 101.0, "as": 5, "t": first // 10**6, "received": first}]
    return lines + [said(first + number * 30 * SECOND, 101.0, 100.0) for number in range(count * 10)]


def said(at, price, size, received=None):
    return {"ev": "T", "sym": "IBM", "p": price, "s": size, "t": at // 10**6, "received": at if received is None else received}


def written(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in sorted(lines, key=lambda line: line["received"])), encoding="utf-8")
    return str(path)


def run_on(path, lines, **params):
    return played(PLACE, rising(), {"messages": written(path, lines), "average": 5, **params}, resolution="5m")


def sales(bar, delay=0):
    """Three large sales in the minute before the close of a bar, received ``delay`` ns later."""
    close = int(closes()[bar].value)
    return [said(close - back * SECOND, 99.0, 20_000.0, close - back * SECOND + delay) for back in (50, 40, 30)]


def test_it_leaves_at_the_close_at_which_three_large_sales_are_known(tmp_path):
    calm = run_on(tmp_path / "calm.jsonl", quiet())
    assert list(calm.fills["side"]) == ["buy"]
    done = run_on(tmp_path / "flow.jsonl", quiet() + sales(30))
    entry, leave = list(done.fills.itertuples())[:2]
    assert (entry.side, leave.side) == ("buy", "sell")
    assert entry.timestamp == calm.fills["timestamp"].iloc[0]
    assert leave.timestamp == closes()[31]  # decided at the close of bar 30, filled in the next


def test_what_was_received_after_the_close_is_not_known_at_it(tmp_path):
    done = run_on(tmp_path / "flow.jsonl", quiet() + sales(30, delay=60 * SECOND))
    assert not (done.fills["timestamp"] == closes()[31]).any()


def test_what_comes_after_a_decision_does_not_change_it(tmp_path):
    one = run_on(tmp_path / "one.jsonl", quiet() + sales(30))
    other = run_on(tmp_path / "other.jsonl", quiet() + sales(30) + sales(50))
    until = one.fills["timestamp"] <= closes()[40]
    assert one.fills[until].equals(other.fills[other.fills["timestamp"] <= closes()[40]])


def test_a_feed_that_has_fallen_silent_enters_nothing(tmp_path):
    first = closes(1)[0].value - STEP
    done = run_on(tmp_path / "flow.jsonl", [said(first, 100.0, 100.0)])
    assert done.fills.empty
    assert not run_on(tmp_path / "more.jsonl", [said(first, 100.0, 100.0)], max_silence=86_400.0).fills.empty


@pytest.mark.parametrize(
    ("params", "error", "why"),
    [
        ({"messages": ""}, ConfigError, "onetape data record"),
        ({"messages": "nowhere.jsonl"}, MissingDataError, "nowhere.jsonl"),
        ({"large_shares": 0.0}, ConfigError, "large_shares = 0.0; allowed: 1 to"),
        ({"average": 1}, ConfigError, "average = 1; allowed: 2 to 500"),
    ],
)
def test_parameters_that_cannot_be_are_refused_with_the_remedy(tmp_path, params, error, why):
    with pytest.raises(error, match=why):
        played(PLACE, rising(), {"messages": written(tmp_path / "flow.jsonl", quiet(1)), **params}, resolution="5m")


def test_a_line_that_is_being_written_waits_until_it_is_whole(tmp_path):
    path = tmp_path / "flow.jsonl"
    first, second = (json.dumps(said(at, 100.0, 100.0)).encode() for at in (SECOND, 2 * SECOND))
    path.write_bytes(first + b"\n" + second[:-5])
    flow = RecordedFlow(path, FlowPolicy())
    flow.until(10 * SECOND)
    assert flow.of("IBM").at(2 * SECOND).volume == 100.0
    path.write_bytes(first + b"\n" + second + b"\n")
    flow.until(10 * SECOND)
    assert flow.of("IBM").at(2 * SECOND).volume == 200.0


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"ev": "T"}', '{"ev": "T", "received": "soon"}'])
def test_a_line_that_is_no_message_is_refused_with_its_number(tmp_path, line):
    path = tmp_path / "flow.jsonl"
    path.write_text(json.dumps(said(SECOND, 1.0, 1.0)) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(BadDataError, match="line 2"):
        RecordedFlow(path, FlowPolicy()).until(10 * SECOND)


def test_lines_that_go_back_in_time_are_refused(tmp_path):
    path = tmp_path / "flow.jsonl"
    path.write_text("".join(json.dumps(said(at, 1.0, 1.0)) + "\n" for at in (2 * SECOND, SECOND)), encoding="utf-8")
    with pytest.raises(BadDataError, match="line 2: received"):
        RecordedFlow(path, FlowPolicy()).until(10 * SECOND)


def test_impossible_figures_and_times_are_counted_and_left_out(tmp_path):
    unreadable = {"ev": "unreadable", "text": "<html>", "received": SECOND}
    written(tmp_path / "flow.jsonl", [said(SECOND, -1.0, 1.0), said(100 * SECOND, 1.0, 1.0, received=SECOND), unreadable])
    flow = RecordedFlow(tmp_path / "flow.jsonl", FlowPolicy())
    flow.until(10 * SECOND)
    assert flow.of("IBM").at(10 * SECOND).volume == 0.0
    assert sorted(flow.left_out.values()) == [1, 1]
    assert "from the future" in flow.left_out
