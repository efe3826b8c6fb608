"""The tape: what was written is read back bit for bit, and whatever is changed afterwards is found."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from framework import run
from framework.domain.account_event import Dividend
from framework.domain.market import BarSeries
from framework.errors import ConfigError, DataError
from framework.rules.guards.state import Transition
from framework.runtime.hashing import COLUMNS, inputs_hash
from framework.runtime.tape.reading import read_bars, read_header, read_sectors, verify_tape
from framework.runtime.tape.recording import write_tape

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.record import RunRecord

GUARDS = ("events_follow", "events_only_grow", "events_stay", "bars_stay_the_same", "bars_stay")


@pytest.fixture(scope="module")
def record() -> RunRecord:
    """A short run with entries, stops, exits, a dividend, refusals and a circuit breaker that trips."""
    return run(
        {
            "strategy": {"class": "strategies.sma_cross:SmaCross", "params": {"fast": 3, "slow": 8}},
            "universe": {"symbols": ["IBM", "MSFT"]},
            "data": {"start": "2004-01-05", "end": "2004-06-30", "warmup": 80},
            "sizing": {"max_portfolio_var_pct": 0.0005},
            "guards": {"max_daily_loss_pct": 0.0002},
        }
    ).record


@pytest.fixture(scope="module")
def tape(record: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "tape.db"
    write_tape(record, path)
    return path


@pytest.fixture(scope="module")
def events(tape: Path) -> list[tuple[int, int, str, str, str]]:
    with closing(sqlite3.connect(tape)) as connection:
        return connection.execute("SELECT sequence, timestamp, kind, payload, hash FROM events ORDER BY sequence").fetchall()


def tampered(tape: Path, *statements: tuple[str, tuple[object, ...]]) -> Path:
    """A copy of the tape, changed by somebody who took the guards off first."""
    copy = tape.with_name("tampered.db")
    shutil.copyfile(tape, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")  # nothing here has to survive a power cut
        for guard in GUARDS:
            connection.execute(f"DROP TRIGGER {guard}")
        for statement, values in statements:
            assert connection.execute(statement, values).rowcount > 0
    return copy


def assert_found(path: Path) -> None:
    with pytest.raises(DataError, match=r"tampered\.db"):
        verify_tape(path)


def test_a_tape_verifies_and_counts_its_events(tape, record, events):
    assert verify_tape(tape) == len(events) == len(record.events) + 2
    kinds = {kind for _, _, kind, _, _ in events}
    assert kinds >= {"run_started", "order_decided", "order_filled", "dividend_paid", "refused", "guard_daily_loss", "run_ended"}


def test_the_tape_holds_every_order_fill_dividend_and_refusal(record, events):
    payloads = [(kind, json.loads(payload)) for _, _, kind, payload, _ in events]
    assert [load["order_id"] for kind, load in payloads if kind == "order_decided"] == [order.order_id for order in record.orders]
    fills = [(load["execution_id"], load["quantity_micros"], load["price_micros"]) for _, load in payloads if "execution_id" in load]
    assert fills == [(fill.execution_id, fill.quantity_micros, fill.price_micros) for fill in record.fills]
    paid = [event.amount_micros for event in record.account_events if isinstance(event, Dividend)]
    assert [load["amount_micros"] for kind, load in payloads if kind == "dividend_paid"] == paid
    assert [load["code"] for kind, load in payloads if kind == "refused"] == [refusal.code for refusal in record.refusals]


def test_the_tape_holds_what_the_guards_did_with_figure_and_limit(record, events):
    told = [(time, kind, json.loads(payload)) for _, time, kind, payload, _ in events if kind.startswith("guard_")]
    done = [event for event in record.events if isinstance(event, Transition)]
    assert [(time, kind, load["before"], load["after"], load["figure"], load["limit"]) for time, kind, load in told] == [
        (one.timestamp, f"guard_{one.code}", one.before, one.after, one.figure, one.limit) for one in done
    ]
    assert len(done) > 3


def test_the_header_names_run_config_and_hashes(tape, record):
    header = read_header(tape)
    assert (header["run_id"], header["config"], header["config_hash"]) == (record.run_id, record.config_text, record.config_hash)
    assert header["inputs_hash"] == inputs_hash(record.series.values())


def test_sectors_come_back(tape, record):
    assert read_sectors(tape) == record.sectors == dict.fromkeys(["IBM", "MSFT"], "information_technology")


def test_bars_come_back_bit_for_bit(tape, record):
    back = read_bars(tape)
    assert list(back) == ["IBM", "MSFT"]
    for symbol, one in back.items():
        for name in COLUMNS:
            before, after = getattr(record.series[symbol], name), getattr(one, name)
            assert (after.dtype, after.tobytes()) == (before.dtype, before.tobytes())


@settings(max_examples=max(5, settings.default.max_examples // 10))  # every tape written waits for the disk
@given(st.lists(st.tuples(*[st.floats(width=64)] * 7), min_size=1, max_size=40))
def test_any_numbers_come_back_bit_for_bit(record, tmp_path_factory, rows):
    columns = np.array(rows, dtype=np.float64).T.copy()
    series = BarSeries("ANY", np.arange(len(rows), dtype=np.int64), *columns)
    path = tmp_path_factory.mktemp("any") / "tape.db"
    write_tape(replace(record, series={"ANY": series}, inputs_hash=inputs_hash([series]), events=()), path)
    assert verify_tape(path) == 2
    back = read_bars(path)["ANY"]
    assert [getattr(back, name).tobytes() for name in COLUMNS] == [getattr(series, name).tobytes() for name in COLUMNS]


def test_the_inputs_hash_does_not_depend_on_the_order_of_symbols(record):
    series = list(record.series.values())
    assert inputs_hash(series) == inputs_hash(series[::-1]) == record.inputs_hash


@pytest.mark.parametrize("table", ["events", "bars"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {} WHERE rowid = 1", "DELETE FROM {}"])
def test_the_tape_refuses_changes(tape, tmp_path, table, statement):
    copy = shutil.copyfile(tape, tmp_path / "tape.db")
    column = "kind" if table == "events" else "symbol"
    with closing(sqlite3.connect(copy)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement.format(table, column, column))


@given(
    st.integers(0, 10**6), st.sampled_from(("timestamp", "kind", "payload", "hash")), st.integers(0, 10**6), st.characters(codec="ascii")
)
def test_any_changed_character_of_any_event_is_found(tape, events, number, column, place, other):
    row = events[number % len(events)]
    names = ("timestamp", "kind", "payload", "hash")
    text = str(row[1 + names.index(column)])
    place %= len(text)
    assume(other not in ("\0", text[place]))
    changed = text[:place] + other + text[place + 1 :]
    assume(column != "timestamp" or not changed.strip().isdigit() or int(changed) != row[1])  # SQLite stores the same number
    statements = {name: f"UPDATE events SET {name} = ? WHERE sequence = ?" for name in names}  # noqa: S608 - our own names
    assert_found(tampered(tape, (statements[column], (changed, row[0]))))


@given(st.data())
def test_any_changed_byte_of_any_bar_is_found(tape, record, data):
    symbol, name = data.draw(st.sampled_from(sorted(record.series))), data.draw(st.sampled_from(COLUMNS))
    blob = bytearray(getattr(record.series[symbol], name).tobytes())
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    assert_found(tampered(tape, ("UPDATE bars SET data = ? WHERE symbol = ? AND name = ?", (bytes(blob), symbol, name))))


@given(st.data())
def test_a_removed_event_is_found_wherever_it_stood(tape, events, data):
    sequence = data.draw(st.integers(0, len(events) - 1))
    renumber = data.draw(st.booleans()) and sequence < len(events) - 1
    # Two steps, since a number may be held by one row only.
    moves = [
        ("UPDATE events SET sequence = -sequence WHERE sequence > ?", (sequence,)),
        ("UPDATE events SET sequence = -sequence - 1 WHERE sequence < 0", ()),
    ]
    assert_found(tampered(tape, ("DELETE FROM events WHERE sequence = ?", (sequence,)), *(moves if renumber else [])))


@given(st.data())
def test_two_events_that_changed_places_are_found(tape, events, data):
    first, second = data.draw(st.lists(st.integers(0, len(events) - 1), min_size=2, max_size=2, unique=True))
    move = "UPDATE events SET sequence = ? WHERE sequence = ?"
    assert_found(tampered(tape, (move, (-1, first)), (move, (first, second)), (move, (second, -1))))


@given(st.data())
def test_an_inserted_event_is_found(tape, events, data):
    copied = data.draw(st.sampled_from(events))
    row = (data.draw(st.sampled_from((-1, len(events), len(events) + 7))), *copied[1:], None, 0)
    assert_found(tampered(tape, ("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", row)))


def test_a_tape_cut_off_is_found_though_its_chain_holds(tape, events):
    for kept in (0, 1, len(events) // 2, len(events) - 1):
        assert_found(tampered(tape, ("DELETE FROM events WHERE sequence >= ?", (kept,))))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM bars WHERE symbol = 'IBM'",
        "DELETE FROM bars WHERE name = 'close'",
        "UPDATE bars SET name = 'zzz' WHERE name = 'close'",
        "UPDATE bars SET data = substr(data, 1, 8) WHERE name = 'close'",
        "UPDATE bars SET data = substr(data, 1, 9) WHERE name = 'close'",
        "UPDATE bars SET data = 5 WHERE name = 'close'",
        "UPDATE bars SET symbol = 'IBN' WHERE symbol = 'IBM'",
    ],
)
def test_bars_that_are_no_longer_whole_are_found(tape, statement):
    assert_found(tampered(tape, (statement, ())))


@pytest.mark.parametrize("payload", ["", "5", "[]", "{}", "null", "{"])
def test_a_header_that_cannot_be_read_is_a_data_error(tape, payload):
    path = tampered(tape, ("UPDATE events SET payload = ? WHERE sequence = 0", (payload,)))
    assert_found(path)
    for read in (read_header, read_sectors):
        with pytest.raises(DataError, match="first event cannot be read"):
            read(path)


@pytest.mark.parametrize("content", [None, b"", b"no database at all"])
@pytest.mark.parametrize("read", [verify_tape, read_bars, read_header, read_sectors])
def test_what_is_no_tape_is_a_data_error(tmp_path, content, read):
    path = tmp_path / "tape.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"tape\.db"):
        read(path)


@pytest.mark.parametrize("name", ["run#1", "50% off?mode=rw", "a b", "naïve"])
def test_a_folder_may_be_called_as_its_owner_likes(record, tmp_path, name):
    (tmp_path / name).mkdir()
    write_tape(record, tmp_path / name / "tape.db")
    assert verify_tape(tmp_path / name / "tape.db") == len(record.events) + 2


def test_a_new_tape_replaces_the_old_one(record, tmp_path):
    path = tmp_path / "tape.db"
    write_tape(record, path)
    write_tape(replace(record, events=()), path)
    assert verify_tape(path) == 2


def test_a_disk_that_is_full_is_a_config_error_that_names_the_tape(record, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(ConfigError, match=r"cannot write the tape .*tape\.db: .*--out"):
            write_tape(record, tmp_path / "tape.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
