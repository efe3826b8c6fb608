"""What a report made again needs from the tape: the breakers' changes come back as they were."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from framework.app.folders.saving import rewrite_report, save_run
from framework.errors import BadDataError
from framework.runtime.tape.reading import read_transitions
from tests.report.records import daily_times, guarded, make_record

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.record import RunRecord


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return guarded(make_record(daily_times(260), ("AAPL",)))


def test_the_breakers_changes_are_read_back_from_the_tape_as_they_were(record: RunRecord, tmp_path: Path) -> None:
    save_run(record, tmp_path)
    assert read_transitions(tmp_path / "tape.db") == tuple(record.events)


def test_a_report_made_again_is_the_same_page_breakers_included(record: RunRecord, tmp_path: Path) -> None:
    save_run(record, tmp_path)
    first = (tmp_path / "report.html").read_text(encoding="utf-8")
    (tmp_path / "report.html").unlink()
    assert rewrite_report(tmp_path).read_text(encoding="utf-8") == first
    assert "Halted by the operator" in first


def test_without_a_tape_the_page_is_made_without_breakers_and_prices(record: RunRecord, tmp_path: Path) -> None:
    save_run(record, tmp_path)
    (tmp_path / "tape.db").unlink()
    page = rewrite_report(tmp_path).read_text(encoding="utf-8")
    assert "Circuit breakers" not in page
    assert "Prices were not at hand" in page


@pytest.mark.parametrize("payload", ["{}", "[]", "no JSON", '{"code":"x","before":7,"after":0,"figure":1,"limit":1}'])
def test_an_event_of_the_guards_that_cannot_be_read_is_named(payload: str, tmp_path: Path) -> None:
    tape = tmp_path / "tape.db"
    with closing(sqlite3.connect(tape)) as connection, connection:
        connection.execute("CREATE TABLE events (sequence INTEGER, timestamp INTEGER, kind TEXT, payload TEXT, hash TEXT)")
        connection.execute("INSERT INTO events VALUES (0, 5, 'guard_daily_loss', ?, '')", (payload,))
    with pytest.raises(BadDataError, match=r"tape\.db: an event of the guards cannot be read: .*; make the run again"):
        read_transitions(tape)
