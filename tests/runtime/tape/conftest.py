"""Every test that asks for a ``place`` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from itertools import count
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine

from framework.runtime.tape.store import TapeStore
from tests.memory import memory_folder
from tests.postgres import cluster, programs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = {"mode": "paper", "account": "hash of an account"}


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server for all tests of this process."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (no initdb below /usr/lib/postgresql or on PATH)")
    with cluster() as address:
        yield address


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count(1)


def new_schema(server: str, number: int) -> str:
    """The address of a schema with nothing in it."""
    engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA tape{number}")
    return f"{server}&options=-csearch_path%3Dtape{number}"


@pytest.fixture
def empty_schema(server: str, numbers: Iterator[int]) -> str:
    """The address of a new schema."""
    return new_schema(server, next(numbers))


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder whose syncs cost nothing, where there is one."""
    folder = memory_folder("onetape-")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, memory: Path) -> str:
    """Where a tape may be made."""
    return f"sqlite:///{memory / 'tape.db'}" if request.param == "sqlite" else request.getfixturevalue("empty_schema")


@pytest.fixture
def store(place: str) -> Iterator[TapeStore]:
    """A new tape."""
    with TapeStore.open(place, header=HEADER) as opened:
        yield opened
