"""A tape as the commands see it: proved, folded into views, and those put where one wants them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from framework.errors import MissingDataError
from framework.runtime.sessions.arrivals import arrivals
from framework.runtime.tape.reading import read_bars, read_events, verify_tape
from framework.runtime.tape.views import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.runtime.tape.views import Row

BACKTEST = "backtest"


def verify(place: str | Path) -> int:
    """Prove that nothing of the tape was changed; of a backtest also its bars, and that it is whole. Returns the number of events.

    Raises:
        DataError, TapeError: It was; the first bad event is named.
    """
    first = next(read_events(place), None)
    if (first is None and isinstance(place, Path)) or (first is not None and first.payload.get("mode") == BACKTEST):
        return verify_tape(place)
    from framework.runtime.tape.store import TapeStore

    with TapeStore.attach(place) as store:
        return store.verify()


def views(place: str | Path) -> Mapping[str, list[Row]]:
    """Every view of the tape.

    Raises:
        DataError, TapeError: It cannot be read, or its events do not follow from one another.
    """
    first = next(read_events(place), None)
    if first is None:
        raise MissingDataError(f"{place}: the tape is empty")
    series = read_bars(place)
    return fold(read_events(place), arrivals(series, first.timestamp) if series else ())


def rebuild(place: str | Path) -> tuple[str, Mapping[str, int]]:
    """Make the tables of all views again: in a file of their own beside a tape file, beside the events in a database.

    Returns where they are, and the rows of each.
    """
    from sqlalchemy import create_engine

    from framework.runtime.tape.postgres import PostgresBackend
    from framework.runtime.tape.tables import write_tables

    found = views(place)
    if not isinstance(place, Path):
        backend = PostgresBackend(place)
        with backend.connect() as connection, connection.begin():
            return backend.place, write_tables(connection, found)
    beside = place.with_name("views.db")
    engine = create_engine(f"sqlite:///{beside}")
    try:
        with engine.begin() as connection:
            return str(beside), write_tables(connection, found)
    finally:
        engine.dispose()
