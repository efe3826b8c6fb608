"""Recording order flow from a server on loopback that talks as Massive's documentation says, with the vendor's own client."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import contextmanager

import pytest
from websockets.asyncio.server import serve

from data.flow_stream import FlowRecorder
from framework.errors import AuthenticationError, BadDataError, ConfigError
from framework.rules.flow.policy import FlowPolicy
from strategies.recorded_flow import RecordedFlow

KEY = "a-key-of-the-vendor"
TRADE = {"ev": "T", "sym": "IBM", "x": 4, "i": "1", "p": 100.5, "s": 100, "c": [37], "t": 1_700_000_000_000}
QUOTE = {"ev": "Q", "sym": "IBM", "bp": 100.0, "bs": 2, "ap": 101.0, "as": 3, "t": 1_700_000_000_001}


class Feed:
    """Greets, asks for the key, confirms subscriptions, and sends ``frames``; then it waits, or closes as ``ends`` says, one at a time."""

    def __init__(self, *frames, ends=()):
        self.frames, self.ends = frames, list(ends)
        self.subscribed, self.connections = [], 0

    async def talk(self, socket):
        self.connections += 1
        await socket.send(json.dumps([{"ev": "status", "status": "connected", "message": "Connected Successfully"}]))
        asked = json.loads(await socket.recv())
        if asked != {"action": "auth", "params": KEY}:
            await socket.send(json.dumps([{"ev": "status", "status": "auth_failed", "message": f"no such key {asked['params']}"}]))
            return
        await socket.send(json.dumps([{"ev": "status", "status": "auth_success", "message": "authenticated"}]))
        self.subscribed.append(json.loads(await socket.recv()))
        for frame in self.frames:
            await socket.send(frame if isinstance(frame, str) else json.dumps(frame))
        if self.ends:
            await socket.close(*self.ends.pop(0))
        else:
            await socket.wait_closed()


@contextmanager
def running(feed):
    """The address of ``feed`` while it listens."""
    started, loop = threading.Event(), asyncio.new_event_loop()
    place = {}

    async def listen():
        place["stop"] = asyncio.Event()
        async with serve(feed.talk, "127.0.0.1", 0, close_timeout=1) as server:
            place["port"] = server.sockets[0].getsockname()[1]
            started.set()
            await place["stop"].wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(listen()))
    thread.start()
    assert started.wait(60)
    try:
        yield f"ws://127.0.0.1:{place['port']}"
    finally:
        loop.call_soon_threadsafe(place["stop"].set)
        thread.join(60)
        loop.close()


def recorded(feed, path, until, key=KEY, now=time.time_ns):
    """What a recorder writes until ``until`` says so of the lines, a minute at most."""
    deadline = time.monotonic() + 60

    def stopped():
        return until(lines(path)) or time.monotonic() > deadline

    with running(feed) as address:
        found = FlowRecorder(["IBM"], key, now, stopped, address).record(path)
    return found, lines(path)


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def told(found):
    return [line["ev"] for line in found]


def test_trades_and_quotes_are_written_with_the_time_they_were_received(tmp_path):
    feed, before = Feed([TRADE, QUOTE]), time.time_ns()
    found, written = recorded(feed, tmp_path / "below" / "flow.jsonl", lambda got: "Q" in told(got))
    assert set(feed.subscribed[0]["params"].split(",")) == {"T.IBM", "Q.IBM"}
    trade, quote = (line for line in written if line["ev"] in {"T", "Q"})
    assert before <= trade.pop("received") <= quote.pop("received") <= time.time_ns()
    assert (trade, quote) == (TRADE, QUOTE)
    assert found.unreadable == 0
    assert found.messages == len(written)


@pytest.mark.parametrize("end", [(1000, "slow consumer"), (1011, "broken")], ids=["closed", "broken"])
def test_a_connection_that_ends_is_made_again(tmp_path, end):
    feed = Feed([TRADE], ends=[end])
    _, written = recorded(feed, tmp_path / "flow.jsonl", lambda got: told(got).count("T") == 2)
    assert told(written).count("T") == 2
    assert feed.connections == 2
    assert len(feed.subscribed) == 2


def test_frames_that_are_no_messages_are_written_down_as_such(tmp_path):
    feed = Feed("<html>Bad Gateway</html>", json.dumps({"ev": 5}), json.dumps([7, TRADE]))
    found, written = recorded(feed, tmp_path / "flow.jsonl", lambda got: "T" in told(got))
    assert told(written).count("unreadable") == found.unreadable == 3
    assert "Bad Gateway" in next(line["text"] for line in written if line["ev"] == "unreadable")


def test_a_file_is_written_on_behind_what_it_has_in_the_order_of_time(tmp_path):
    clock = iter(range(100, 0, -1))  # a clock that runs backwards
    _, written = recorded(Feed([TRADE], [QUOTE]), tmp_path / "flow.jsonl", lambda got: "Q" in told(got), now=lambda: next(clock))
    assert [line["received"] for line in written] == sorted(line["received"] for line in written)
    _, more = recorded(Feed([TRADE]), tmp_path / "flow.jsonl", lambda got: told(got).count("T") == 2)
    assert more[: len(written)] == written


def test_a_line_that_a_killed_recorder_did_not_finish_is_taken_away_and_time_never_goes_back(tmp_path):
    path, before = tmp_path / "flow.jsonl", json.dumps({**TRADE, "received": 10**19}).encode() + b"\n"
    path.write_bytes(before * 3_000 + before[:-9])
    recorded(Feed([QUOTE]), path, lambda got: "Q" in told(got))
    flow = RecordedFlow(path, FlowPolicy())
    flow.until(10**19)
    assert flow.received == 10**19
    assert path.read_bytes().startswith(before * 3_000 + b'{"ev":"')


@pytest.mark.parametrize("said", [b"", b"unfinished", b"nothing of ours\n"], ids=["empty", "unfinished", "foreign"])
def test_a_file_is_gone_on_with_if_it_is_one_of_messages(tmp_path, said):
    path = tmp_path / "flow.jsonl"
    path.write_bytes(said)
    recorder = FlowRecorder(["IBM"], KEY, time.time_ns, lambda: True, "ws://127.0.0.1:9")
    if said.endswith(b"\n"):
        with pytest.raises(BadDataError, match="record into another file"):
            recorder.record(path)
    else:
        assert recorder.record(path).messages == 0
        assert path.read_bytes() == b""


def test_a_wrong_key_is_refused_without_being_told(tmp_path):
    with pytest.raises(AuthenticationError, match="refuses the key") as refused:
        recorded(Feed(), tmp_path / "flow.jsonl", lambda _: False, key="another-key")
    assert "another-key" not in str(refused.value)
    assert b"another-key" not in (tmp_path / "flow.jsonl").read_bytes()


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="wss://HOST"):
        FlowRecorder(["IBM"], KEY, time.time_ns, lambda: True, "https://example.com")
