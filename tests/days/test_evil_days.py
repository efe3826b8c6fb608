"""Thirty days and more on which something is wrong: each comes out as its table says, and the page says the same."""

from __future__ import annotations

import shutil

import pytest

from framework.app.sessions.replay import replay
from tests.days.page import MODES, PAGE, page_table, rows
from tests.days.player import Day
from tests.memory import memory_folder

ROWS = rows()
PLAYED = [pytest.param(row, mode, id=f"{row['name']}, {mode}") for row in ROWS for mode in MODES if mode in row]


@pytest.fixture
def folder():
    made = memory_folder("evil-")
    yield made
    shutil.rmtree(made)


@pytest.mark.campaign
@pytest.mark.parametrize(("row", "mode"), PLAYED)
def test_an_evil_day_comes_out_as_its_table_says(row, mode, folder):
    assert Day(row, mode, folder).play()._asdict() == row[mode]
    assert replay(folder / "tape.db", folder).difference is None


def test_there_are_thirty_days_each_with_a_name_of_its_own():
    assert len({row["name"] for row in ROWS}) == len(ROWS) >= 30


def test_the_page_has_the_table():
    assert PAGE.read_text(encoding="utf-8").endswith(f"\n\n{page_table()}")
