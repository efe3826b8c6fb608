"""The power goes, or the disk fails, at any moment: what was acknowledged is there, and nothing that was never asked for."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

import pytest

from framework.errors import TapeError
from framework.runtime.tape.chain import START, NewEvent, Row, first_break
from framework.runtime.tape.checkpoints import Checkpoint
from framework.runtime.tape.schema import SELECT_EVENTS
from framework.runtime.tape.sqlite import RESERVE_BYTES
from framework.runtime.tape.store import TapeStore
from tests.campaigns import size
from tests.runtime.tape.conftest import HEADER
from tests.runtime.tape.disk import FULL, WRITE_ERROR, Disk, Operation, after_power_cut, library, noting

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(library() is None, reason="Python's SQLite is built in: its files cannot be watched")


def note(number: int) -> NewEvent:
    return NewEvent(number, "note", {"number": number, "text": "x" * (900 * (number % 5))}, f"note:{number}")


def work(place: Path, disk: Disk, appends: int = 30, synchronous: str = "FULL") -> None:
    """What two processes do, one after the other: open, append one by one and in batches, keep checkpoints, close."""
    number = 0
    for session in (1, 2):
        with TapeStore.open(place, header=HEADER) as store:
            writer = store._database.preparing()
            for setting in (f"synchronous = {synchronous}", "wal_autocheckpoint = 12"):  # copied soon, not after 4 MB
                writer.exec_driver_sql(f"PRAGMA {setting}")
            writer.rollback()
            while number < session * appends:
                batch = [note(number + step) for step in range(1 + number % 3)]
                disk.note("asked", number + len(batch))
                *_, last = store.append(batch)
                number += len(batch)
                disk.note("acknowledged", number)
                if number % 4 == 0:
                    store.save_checkpoint(Checkpoint("count", last.sequence, last.hash, {"number": number}))


def last_note(operations: list[Operation], name: str) -> int:
    return max((one.offset for one in operations if one.kind == "note" and one.name == name), default=0)


def found_in(path: Path) -> list[int]:
    """The notes that a process which starts finds, the chain followed."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # what is found here need not survive the next cut
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
            return []
        rows = [Row(*values) for values in connection.execute(f"{SELECT_EVENTS} ORDER BY sequence")]
    assert first_break(START, rows)[0] is None
    return [row.read().payload["number"] for row in rows if row.kind == "note"]


def lost(disk: Disk, folder: Path, cuts: int, seed: int = 0) -> list[str]:
    """Cut the power ``cuts`` times, somewhere; says what was wrong with what was left."""
    random, wrong = Random(seed), []  # noqa: S311 - repeatable
    for cut in range(cuts):
        until = random.randrange(len(disk.operations) + 1)
        done = disk.operations[:until]
        place = folder / f"cut{cut % 2}"
        place.mkdir(exist_ok=True)
        for old in place.iterdir():
            old.unlink()
        after_power_cut(done, place, random)
        try:
            found = found_in(place / "tape.db")
        except (sqlite3.DatabaseError, AssertionError, TapeError) as error:
            wrong.append(f"after operation {until}: {type(error).__name__} {error}")
            continue
        least, most = last_note(done, "acknowledged"), last_note(done, "asked")
        if not (least <= len(found) <= most and found == list(range(len(found)))):
            wrong.append(f"after operation {until}: {least} acknowledged, {most} asked for, found {found[-1:]}")
    return wrong


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    """What the disk was told during the whole work."""
    disk = Disk()
    with noting(disk):
        work(tmp_path_factory.mktemp("worked") / "tape.db", disk)
    return disk


def test_the_disk_is_watched_and_the_log_is_copied_meanwhile(worked):
    kinds = {(one.kind, one.name) for one in worked.operations}
    assert kinds >= {("write", "tape.db"), ("sync", "tape.db"), ("write", "tape.db-wal"), ("sync", "tape.db-wal")}
    assert last_note(worked.operations, "acknowledged") >= 60
    before_closing = [one for one in worked.operations if one.kind == "write" and one.name == "tape.db"]
    assert len(before_closing) > 20


@pytest.mark.campaign
def test_no_acknowledged_event_is_lost_when_the_power_goes(worked, memory):
    assert lost(worked, memory, size(800, 100_000)) == []


def test_the_test_would_find_a_tape_that_does_not_wait_for_the_disk(memory):
    disk = Disk()
    with noting(disk):
        work(memory / "tape.db", disk, 15, synchronous="NORMAL")
    assert lost(disk, memory, 200)


def test_a_tape_goes_on_after_a_power_cut(worked, memory):
    for seed in range(3):
        place = memory / str(seed)
        place.mkdir()
        until = len(worked.operations) * (seed + 2) // 5
        after_power_cut(worked.operations[:until], place, Random(seed))  # noqa: S311 - repeatable
        with TapeStore.open(place / "tape.db", header=HEADER) as store:
            before = store.head.sequence
            store.append([note(1_000)])
            assert store.verify() == before + 2


# The n-th operation fails, for every n.


def fail_at(place: Path, number: int, code: int, *, lasting: bool) -> Disk:
    """Work until the disk fails; then, on a sound disk, look what is there and go on."""
    disk = Disk(fail_at=number, code=code, lasting=lasting)
    raised = False
    with noting(disk):
        try:
            work(place, disk, 6)
        except TapeError:
            raised = True
    least, most = last_note(disk.operations, "acknowledged"), last_note(disk.operations, "asked")
    if disk.failed and lasting:
        assert raised or least >= 12, "a disk that fails for good cannot go unnoticed while there is something to write"
    found = found_in(place)
    assert found == list(range(len(found)))
    assert least <= len(found) <= most
    if place.exists():
        with TapeStore.open(place, header=HEADER) as store:
            store.append([note(1_000)])
            assert store.verify() == store.head.sequence + 1
    return disk


@pytest.mark.campaign
@pytest.mark.parametrize("code", [FULL, WRITE_ERROR])
@pytest.mark.parametrize("lasting", [False, True])
def test_whatever_operation_fails_nothing_acknowledged_is_lost_and_the_tape_goes_on(memory, code, lasting):
    step, number, reached = size(3, 1), 0, True
    while reached:
        place = memory / str(number)
        place.mkdir()
        reached = fail_at(place / "tape.db", number, code, lasting=lasting).failed
        shutil.rmtree(place)
        number += step
    assert number > 100


def test_after_an_error_of_the_disk_the_tape_refuses_until_it_is_opened_again(memory):
    disk = Disk(code=WRITE_ERROR)
    with noting(disk):
        with TapeStore.open(memory / "tape.db", header=HEADER) as store:
            disk.fail_at = disk.count
            with pytest.raises(TapeError, match="nobody knows whether the last events were written"):
                store.append([note(0)])
            for use in (lambda: store.append([note(0)]), lambda: store.head):
                with pytest.raises(TapeError, match="open it again"):
                    use()
        with TapeStore.open(memory / "tape.db", header=HEADER) as store:
            store.append([note(0)])


def test_a_full_disk_writes_nothing_and_the_tape_goes_on_when_there_is_room(memory):
    disk = Disk(code=FULL)
    with noting(disk), TapeStore.open(memory / "tape.db", header=HEADER) as store:
        disk.fail_at = disk.count
        with pytest.raises(TapeError, match=r"was not written, nothing of it: .*full"):
            store.append([note(0)])
        assert store.head.sequence == 0
        store.append([note(0)])
        assert store.verify() == 2


def test_a_full_disk_gets_back_what_was_set_aside_for_stops_and_exits(memory):
    disk, reserve = Disk(code=FULL), memory / "tape.db.reserve"
    with noting(disk), TapeStore.open(memory / "tape.db", header=HEADER) as store:
        assert reserve.stat().st_size == RESERVE_BYTES
        for told in (r"tape\.db\.reserve was removed to make room", "full$"):
            disk.fail_at = disk.count
            with pytest.raises(TapeError, match=told):
                store.append([note(0)])
        assert not reserve.exists()
    with TapeStore.open(memory / "tape.db", header=HEADER):
        assert reserve.exists()
