"""A tape in a PostgreSQL schema: the first one of the connection's search path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError

from framework.errors import ConfigError, TapeError
from framework.runtime.tape.backend import stored_version
from framework.runtime.tape.schema import POSTGRES_STEPS

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.exc import DBAPIError

    from framework.runtime.tape.lease import LeaseRow

CONNECT_SECONDS = 5
#: What has to be so that a commit that was acknowledged is never lost.
_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
_NOW = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000")
_SPOILT = text(
    "SELECT relname FROM pg_class WHERE relname IN ('events', 'lease', 'bars', 'checkpoints', 'meta') AND relpersistence <> 'p' "
    "AND relnamespace = current_schema()::regnamespace"
)


class PostgresBackend:
    """The database at ``url``."""

    steps = POSTGRES_STEPS
    mark: Path | None = None

    def __init__(self, url: str) -> None:
        try:
            address = make_url(url)
        except ArgumentError as error:
            raise ConfigError(f"the tape's address cannot be read: {error}; write postgresql://user@host/database") from None
        self.place = address.render_as_string(hide_password=True)
        self._engine = create_engine(
            address.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                # A connection that died is noticed within seconds, not when TCP gives up.
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": 10_000,
                "application_name": "onetape",
            },
        )

    def exists(self) -> bool:
        """See Backend; a database that does not answer is told when it is connected to."""
        return True

    def connect_to_read(self) -> Connection:
        """See Backend."""
        return self._engine.connect()

    def connect(self) -> Connection:
        """See Backend."""
        connection = self._engine.connect()
        connection.exec_driver_sql("SET synchronous_commit = on")
        connection.exec_driver_sql("SET lock_timeout = '5s'")
        connection.commit()
        found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in _DURABLE}
        copy = connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar()
        spoilt = connection.execute(_SPOILT).scalar()
        connection.rollback()
        wrong = [f"{name} = {found[name]}, not on" for name in _DURABLE if found[name] != "on"]
        wrong += ["it is a replica"] if copy else []
        wrong += [f"the table {spoilt} is unlogged"] if spoilt else []
        if wrong:
            connection.close()
            raise TapeError(f"{self.place}: PostgreSQL says {'; '.join(wrong)}: what is written could be lost")
        return connection

    def begin(self, connection: Connection) -> None:
        """See Backend; the lease cannot change either while it is held, for every lease is given inside such a transaction."""
        connection.exec_driver_sql("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")

    def begin_change(self, connection: Connection) -> None:
        """See Backend."""
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('onetape tape ' || current_schema()))")

    def version(self, connection: Connection) -> int:
        """See Backend."""
        found = connection.exec_driver_sql("SELECT to_regclass(quote_ident(current_schema()) || '.meta') IS NOT NULL").scalar()
        return stored_version(connection) if found else 0

    def now(self, connection: Connection) -> int:
        """The database's clock, which all processes share."""
        return int(connection.execute(_NOW).scalar_one())

    def is_held(self, row: LeaseRow, now: int, host: str) -> bool:  # noqa: ARG002 - the database knows no machines
        """Until it expires: nothing else tells a dead process from one that cannot be reached."""
        return row.expires > now

    def claim(self, account: str) -> None:
        """Nothing: the row of the lease is all there is, and every write checks it."""

    def unclaim(self, account: str) -> None:
        """Nothing."""

    def unclaim_all(self) -> None:
        """Nothing."""

    def check_pages(self, connection: Connection) -> None:
        """Nothing: PostgreSQL checks its pages itself where checksums are on."""

    def back_up(self, connection: Connection, version: int) -> str:
        """A schema beside it with a copy of every table."""
        source = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        copy = f"{source}_v{version}"
        quoted = connection.dialect.identifier_preparer.quote_identifier
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {quoted(copy)} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {quoted(copy)}")
        for table in ("events", "bars", "lease", "checkpoints", "meta"):
            connection.exec_driver_sql(f"CREATE TABLE {quoted(copy)}.{table} AS TABLE {quoted(source)}.{table}")
        return f"the schema {copy}"

    def keep_reserve(self) -> None:
        """Nothing: the disk is the server's."""

    def free_reserve(self, error: DBAPIError) -> str:  # noqa: ARG002 - see keep_reserve
        """Nothing."""
        return ""

    def wrote_nothing(self, error: DBAPIError) -> bool:
        """See Backend; the server's own refusal is a rollback, a connection that broke is none."""
        return not error.connection_invalidated and getattr(error.orig, "sqlstate", None) is not None
