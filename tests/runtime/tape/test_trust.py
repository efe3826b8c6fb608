"""What a tape is not trusted for: another schema, an older copy, changed rows, a database that may lose what it says it has."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from framework import run
from framework.errors import LeaseHeldError, TapeError, TapeMismatchError
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.checkpoints import Checkpoint
from framework.runtime.tape.postgres import PostgresBackend
from framework.runtime.tape.reading import read_events
from framework.runtime.tape.recording import write_tape
from framework.runtime.tape.schema import SQLITE_STEPS, VERSION
from framework.runtime.tape.sqlite import SqliteBackend
from framework.runtime.tape.store import TapeStore
from tests.app.project import tree
from tests.postgres import cluster, programs
from tests.runtime.tape.conftest import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framework.runtime.tape.backend import Backend


def note(number: int, key: str | None = None) -> NewEvent:
    return NewEvent(number, "note", {"number": number}, key)


def backend_of(place: str) -> Backend:
    return SqliteBackend(Path(place.removeprefix("sqlite:///"))) if place.startswith("sqlite") else PostgresBackend(place)


def execute(place: str, *statements: str) -> None:
    """Do to the tape's database what nobody should."""
    with backend_of(place).connect() as connection, connection.begin():
        for statement in statements:
            connection.exec_driver_sql(statement)


def off_guard(place: str, table: str, *statements: str) -> None:
    """The same by somebody who takes the guards away first."""
    if place.startswith("sqlite"):
        with closing(sqlite3.connect(place.removeprefix("sqlite:///"))) as connection, connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)).fetchall()
            for (name,) in names:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)
        return
    execute(place, f"ALTER TABLE {table} DISABLE TRIGGER USER", *statements)


@pytest.fixture
def written(place: str) -> str:
    """A tape with five notes."""
    with TapeStore.open(place, header=HEADER) as store:
        store.append([note(number) for number in range(1, 6)])
    return place


# Nobody changes what is written.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET kind = 'x' WHERE sequence = 2",
        "DELETE FROM events WHERE sequence = 5",
        "DELETE FROM events",
        "INSERT INTO events (sequence, timestamp, kind, payload, hash, epoch) VALUES (9, 1, 'x', '{}', 'x', 0)",
        "INSERT INTO events (sequence, timestamp, kind, payload, hash, epoch) VALUES (5, 1, 'x', '{}', 'x', 0)",
        "UPDATE lease SET epoch = 0",
        "DELETE FROM lease",
    ],
)
def test_the_database_refuses_to_change_or_fork_the_tape(written, statement):
    with TapeStore.attach(written) as store:
        store.release(store.acquire("account", "process", 60))
    with pytest.raises(DBAPIError, match=r"append-only|cannot fork|only goes up|unique|UNIQUE|CHECK"):
        execute(written, statement)
    with TapeStore.open(written, header=HEADER) as store:
        assert store.verify() == 6


def test_postgres_refuses_to_empty_the_tape(empty_schema):
    with TapeStore.open(empty_schema, header=HEADER):
        pass
    for table in ("events", "lease", "bars"):
        with pytest.raises(DBAPIError):
            execute(empty_schema, f"TRUNCATE {table}")


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE events SET payload = '{\"number\":7}' WHERE sequence = 2", 2),
        ("UPDATE events SET timestamp = 0 WHERE sequence = 3", 3),
        ("UPDATE events SET kind = 'nota' WHERE sequence = 5", 5),
        ("UPDATE events SET key = 'k' WHERE sequence = 4", 4),
        ("UPDATE events SET epoch = 1 WHERE sequence = 4", 4),
        ("DELETE FROM events WHERE sequence = 1", 1),
        ("UPDATE events SET hash = 'f' WHERE sequence = 0", 0),
    ],
)
def test_a_changed_row_is_named_when_the_tape_is_opened_and_when_it_is_verified(written, statement, broken):
    off_guard(written, "events", statement)
    with pytest.raises(TapeError, match=f"the chain is broken at event {broken}"):
        TapeStore.open(written, header=HEADER)
    with TapeStore.attach(written) as store, pytest.raises(TapeError, match=f"the chain is broken at event {broken}"):
        store.verify()


def test_a_payload_that_is_no_data_is_named(written):
    off_guard(written, "events", "UPDATE events SET payload = '{' WHERE sequence = 2")
    with TapeStore.attach(written) as store, pytest.raises(TapeError, match="the payload of event 2"):
        list(store.events())


def test_opening_follows_the_chain_from_the_last_checkpoint_and_verify_from_the_start(written):
    with TapeStore.open(written, header=HEADER) as store:
        third = list(store.events())[3]
        store.save_checkpoint(Checkpoint("count", third.sequence, third.hash, {"count": 3}))
    off_guard(written, "events", "UPDATE events SET kind = 'x' WHERE sequence = 1")
    with TapeStore.open(written, header=HEADER) as store, pytest.raises(TapeError, match="broken at event 1"):
        store.verify()


@pytest.mark.parametrize("column", ["state = '{\"count\":99}'", "sequence = 4", "hash = 'x'", "digest = 'x'"])
def test_a_checkpoint_that_was_changed_is_not_trusted(written, column):
    with TapeStore.open(written, header=HEADER) as store:
        third = list(store.events())[3]
        store.save_checkpoint(Checkpoint("count", third.sequence, third.hash, {"count": 3}))
    execute(written, f"UPDATE checkpoints SET {column}")  # noqa: S608 - our own
    with TapeStore.open(written, header=HEADER) as store:
        assert store.checkpoint("count") is None


def test_who_reads_changes_not_a_byte(memory):
    path = memory / "tape.db"
    write_tape(run(tree()).record, path)
    before = path.read_bytes()
    with TapeStore.attach(path) as store:
        assert store.verify() > 10
    assert path.read_bytes() == before
    assert [one.name for one in memory.iterdir()] == ["tape.db"]


# Other schemas.


def test_a_newer_schema_is_refused_and_left_alone(written):
    execute(written, f"UPDATE meta SET value = '{VERSION + 1}' WHERE name = 'schema_version'")  # noqa: S608 - our own
    for use in (lambda: TapeStore.open(written, header=HEADER), lambda: TapeStore.attach(written)):
        with pytest.raises(TapeError, match=f"schema {VERSION + 1}, this onetape knows {VERSION}: use the newer onetape"):
            use()


@pytest.mark.parametrize("statement", ["DELETE FROM meta", "UPDATE meta SET value = 'x'"])
def test_a_tape_that_does_not_say_its_schema_is_refused(written, statement):
    execute(written, statement)
    with pytest.raises(TapeError, match="does not say which version"):
        TapeStore.open(written, header=HEADER)


@pytest.fixture
def first_version(memory: Path) -> Path:
    """A tape as version 1 wrote it: hashes over last hash, number, time, kind and payload."""
    path, last = memory / "tape.db", ""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in SQLITE_STEPS[1]:
            connection.execute(statement)
        for sequence, (kind, payload) in enumerate([("run_started", HEADER), ("note", {"number": 1}), ("note", {"number": 2})]):
            text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
            last = hashlib.sha256(f"{last}\n{sequence}\n{sequence * 10}\n{kind}\n{text}".encode()).hexdigest()
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (sequence, sequence * 10, kind, text, last))
    return path


def test_a_tape_of_the_first_version_is_migrated_with_a_copy_kept_and_its_chain_goes_on(first_version):
    before = list(read_events(first_version))
    with TapeStore.open(first_version, header=HEADER) as store:
        assert list(store.events()) == before
        store.append([note(3, "fresh")])
        assert store.verify() == 4
    copy = first_version.with_name("tape.db.v1.bak")
    assert list(read_events(copy)) == before
    with pytest.raises(DBAPIError, match="append-only"):
        execute(f"sqlite:///{first_version}", "DELETE FROM events")


def test_only_the_process_that_trades_migrates(first_version):
    with pytest.raises(TapeError, match="schema 1, not 2"):
        TapeStore.attach(first_version)
    assert not first_version.with_name("tape.db.v1.bak").exists()


def test_a_migration_that_fails_leaves_the_tape_as_it_was(first_version):
    with closing(sqlite3.connect(first_version)) as connection, connection:
        connection.execute("CREATE TABLE lease (x)")  # in the way of the new one
    with pytest.raises(TapeError, match="already exists"):
        TapeStore.open(first_version, header=HEADER)
    with closing(sqlite3.connect(first_version)) as connection, connection:
        connection.execute("DROP TABLE lease")
    with TapeStore.open(first_version, header=HEADER) as store:
        assert store.verify() == 3


# An older copy.


@pytest.fixture
def path(memory: Path) -> Path:
    return memory / "tape.db"


def grow(path: Path, count: int, first: int = 0) -> None:
    with TapeStore.open(path, header=HEADER) as store:
        store.append([note(first + number) for number in range(count)])


def test_an_older_copy_put_back_is_noticed(path):
    grow(path, 2)
    shutil.copyfile(path, path.with_name("backup.db"))
    grow(path, 3)
    shutil.copyfile(path.with_name("backup.db"), path)
    with pytest.raises(TapeMismatchError, match="ends at event 2, and has been at 5: it is an older copy"):
        TapeStore.open(path, header=HEADER)


def test_a_copy_that_went_another_way_is_noticed(path):
    grow(path, 2)
    shutil.copyfile(path, path.with_name("other.db"))
    grow(path, 3)
    grow(path.with_name("other.db"), 7, first=100)
    shutil.copyfile(path.with_name("other.db"), path)
    with pytest.raises(TapeMismatchError, match="another tape, or was rewritten"):
        TapeStore.open(path, header=HEADER)


@pytest.mark.parametrize("content", [None, b""])
def test_a_tape_that_is_gone_is_noticed(path, content):
    grow(path, 2)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TapeMismatchError, match="the tape is gone, it was at event 2"):
        TapeStore.open(path, header=HEADER)
    assert not path.exists() or path.stat().st_size == 0


def test_a_mark_that_cannot_be_read_is_an_error(path):
    grow(path, 2)
    path.with_name("tape.db.mark").write_text("{")
    with pytest.raises(TapeError, match=r"tape\.db\.mark cannot be read"):
        TapeStore.open(path, header=HEADER)


def test_after_a_crash_the_mark_is_behind_and_that_is_fine(path):
    grow(path, 2)
    mark = path.with_name("tape.db.mark").read_text()
    grow(path, 2)
    path.with_name("tape.db.mark").write_text(mark)
    with TapeStore.open(path, header=HEADER) as store:
        assert store.verify() == 5


# Damage.


@pytest.mark.slow
def test_a_flipped_byte_anywhere_in_the_file_is_noticed_or_changes_nothing(path):
    with TapeStore.open(path, header=HEADER) as store:
        store.append([note(number) for number in range(20)])
        before = list(store.events())
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            with TapeStore.open(path, header=HEADER) as store:
                assert store.verify() == 21
                assert list(store.events()) == before
        except TapeError:
            pass
        for rest in path.parent.glob("tape.db-*"):
            rest.unlink()


def test_what_is_no_database_is_a_tape_error(path):
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(TapeError, match="not a database"):
        TapeStore.open(path, header=HEADER)


# Databases that could lose what they say they have.


def test_a_file_that_cannot_have_a_write_ahead_log_is_refused(path):
    backend = SqliteBackend(path)
    backend._open_file = lambda: sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    backend._engine = create_engine("sqlite://", creator=backend._open_file, poolclass=NullPool)
    with pytest.raises(TapeError, match=r"journal_mode = memory, not wal: what is written could be lost"):
        backend.connect()


@pytest.fixture(scope="module")
def careless() -> Iterator[str]:
    """A PostgreSQL server that does not wait for the disk."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (no initdb below /usr/lib/postgresql or on PATH)")
    with cluster("fsync=off", "full_page_writes=off") as address:
        yield address


def test_a_server_that_does_not_wait_for_the_disk_is_refused(careless):
    with pytest.raises(TapeError, match=r"fsync = off, not on; full_page_writes = off, not on: what is written could be lost"):
        TapeStore.open(careless, header=HEADER)


def test_an_unlogged_table_is_refused(empty_schema):
    with TapeStore.open(empty_schema, header=HEADER):
        pass
    execute(empty_schema, "ALTER TABLE events SET UNLOGGED")
    with pytest.raises(TapeError, match="the table events is unlogged"):
        TapeStore.open(empty_schema, header=HEADER)
    with TapeStore.attach(empty_schema) as store, pytest.raises(TapeError, match="the table events is unlogged"):
        store.append([note(1)])


def test_a_server_that_is_not_there_is_a_tape_error_without_the_password(memory):
    with pytest.raises(TapeError) as caught:
        TapeStore.open(f"postgresql://ada:tellno1@/tape?host={memory}", header=HEADER)
    assert "tellno1" not in str(caught.value)
    assert "postgresql+psycopg://ada:***@/tape" in str(caught.value) or "postgresql://ada:***@/tape" in str(caught.value)


# A copy on another machine.


def test_a_copy_of_a_tape_that_another_machine_trades_on_gives_no_lease(path):
    with TapeStore.open(path, header=HEADER) as store:
        store.acquire("account", "process 1", 60)
        shutil.copyfile(path, path.with_name("copy.db"))
        shutil.copyfile(f"{path}-wal", path.with_name("copy.db-wal"))
    execute(f"sqlite:///{path.with_name('copy.db')}", "UPDATE lease SET host = 'elsewhere'")
    with TapeStore.open(path.with_name("copy.db"), header=HEADER) as copy, pytest.raises(LeaseHeldError, match="on elsewhere trades"):
        copy.acquire("account", "process 2", 60)


def test_on_one_machine_the_next_process_takes_over_from_one_that_died(path):
    with TapeStore.open(path, header=HEADER) as store:
        first = store.acquire("account", "process 1", 3_600)
    with TapeStore.open(path, header=HEADER) as store:
        assert store.acquire("account", "process 2", 60).epoch == first.epoch + 1
