"""Where the tape of a run is when the config names a database: a schema of its own there, or a file of its own."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url, text

from framework.errors import ConfigError, TapeError
from framework.runtime.tape.backend import stored_version
from framework.runtime.tape.database import told
from framework.runtime.tape.postgres import PostgresBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

_MODE = text("SELECT payload::json ->> 'mode' FROM events WHERE sequence = 0")


def place_of(url: str, folder: Path) -> str | Path:
    """Where a run in ``folder`` has its tape, if the config says ``url``; nothing is made."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return Path(rest.removeprefix("/").replace("{run}", folder.resolve().name))
    address = make_url(url)
    given = address.query.get("options", ())
    options = " ".join([*((given,) if isinstance(given, str) else given), f"-csearch_path={_schema(folder)}"])
    return address.update_query_dict({"options": options}).render_as_string(hide_password=False)


def _schema(folder: Path) -> str:
    """The name of the run, and enough of where it lies that another's run of that name gets another."""
    place = folder.resolve()
    name = re.sub(r"[^a-z0-9]+", "_", place.name.lower()).strip("_")[:48]
    return f"run_{name}_{hashlib.sha256(str(place).encode()).hexdigest()[:8]}"


def make_room(place: str | Path) -> None:
    """Make what a tape at ``place`` needs before it can be opened: a folder, or a schema.

    Raises:
        ConfigError: It cannot be made.
        TapeError: The database does not answer.
    """
    if isinstance(place, Path):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"[tape] url: cannot make {place.parent}: {error.strerror}") from None
        return
    with _connected(place) as (connection, schema):
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.commit()


def forget_backtest(place: str) -> None:
    """Take an earlier backtest of the same folder away from ``place``; its file is written over, too.

    Raises:
        ConfigError: It is the tape of a session.
        TapeError: The database does not answer.
    """
    with _connected(place) as (connection, schema):
        found = connection.exec_driver_sql("SELECT to_regclass(quote_ident(current_schema()) || '.meta') IS NOT NULL").scalar()
        if found and stored_version(connection) and connection.execute(_MODE).scalar() not in (None, "backtest"):
            raise ConfigError(f"the schema {schema} of [tape] url has the tape of a session; choose another folder with --out")
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        connection.commit()


@contextmanager
def _connected(place: str) -> Iterator[tuple[Connection, str]]:
    backend = PostgresBackend(place)
    schema = re.sub(r".*-csearch_path=(\w+)$", r"\1", str(make_url(place).query.get("options", "")))
    try:
        with told(backend.place), backend.connect_to_read() as connection:
            yield connection, f'"{schema}"'
    except ModuleNotFoundError:
        raise TapeError('a tape in PostgreSQL needs its driver: pip install "onetape[postgres]"') from None
