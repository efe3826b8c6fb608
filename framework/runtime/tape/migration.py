"""A tape of an earlier version becomes one of this: a copy is kept, and all steps are one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from framework.errors import TapeError
from framework.runtime.tape.schema import SET_META, VERSION

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from framework.runtime.tape.backend import Backend

_SET_META = text(SET_META)


def migrate(backend: Backend, connection: Connection) -> None:
    """Make the schema of ``VERSION``, from nothing or from an earlier version; another process may be at it too.

    Raises:
        TapeError: The tape was written by a newer onetape.
    """
    found = require_known(backend, connection)
    if found == VERSION:
        return
    if found:
        backend.back_up(connection, found)
        connection.commit()
    with connection.begin():
        backend.begin_change(connection)
        found = require_known(backend, connection, keep=True)
        for version in sorted(backend.steps):
            if version > found:
                for statement in backend.steps[version]:
                    connection.exec_driver_sql(statement)
        connection.execute(_SET_META, {"name": "schema_version", "value": str(VERSION)})


def require_known(backend: Backend, connection: Connection, *, keep: bool = False) -> int:
    """The schema's version, if this onetape knows it; ``keep`` stays in the transaction.

    Raises:
        TapeError: It is a newer one.
    """
    found = backend.version(connection)
    if not keep:
        connection.rollback()
    if found > VERSION:
        raise TapeError(f"{backend.place}: the tape has schema {found}, this onetape knows {VERSION}: use the newer onetape that wrote it")
    return found
