"""What a tape needs of a database beyond SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sqlalchemy import text

from framework.errors import TapeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.exc import DBAPIError

    from framework.runtime.tape.lease import LeaseRow

_VERSION = text("SELECT value FROM meta WHERE name = 'schema_version'")


class Backend(Protocol):
    """One database that holds one tape.

    Attributes:
        place: How messages name it, without a password.
        steps: The statements that make each version of the schema from the one before.
        mark: Where the high-water mark stands; ``None`` where there is none.
    """

    place: str
    steps: Mapping[int, tuple[str, ...]]
    mark: Path | None

    def exists(self) -> bool:
        """Whether there is something to connect to without making it."""
        ...

    def connect_to_read(self) -> Connection:
        """A new connection that changes nothing of the database, not even how it is kept."""
        ...

    def connect(self) -> Connection:
        """A new connection that loses nothing it has committed; asserted by reading the settings back.

        Raises:
            TapeError: The database does not keep that promise.
        """
        ...

    def begin(self, connection: Connection) -> None:
        """Take the right to write, as the first statement of a transaction; readers go on."""
        ...

    def begin_change(self, connection: Connection) -> None:
        """The same for a transaction that makes or changes the schema, where there may be no table yet."""
        ...

    def version(self, connection: Connection) -> int:
        """The version of the schema found; 0 for an empty database."""
        ...

    def now(self, connection: Connection) -> int:
        """The tape's own clock, ns: never set, never behind what it said before while a lease can last."""
        ...

    def is_held(self, row: LeaseRow, now: int, host: str) -> bool:
        """Whether the process that has this lease may still be trading."""
        ...

    def claim(self, account: str) -> None:
        """Keep other processes of this machine away while the lease lasts.

        Raises:
            LeaseHeldError: One is there already.
        """
        ...

    def unclaim(self, account: str) -> None:
        """End that."""
        ...

    def unclaim_all(self) -> None:
        """End that for every account."""
        ...

    def check_pages(self, connection: Connection) -> None:
        """Look for damage below the events.

        Raises:
            TapeError: There is some.
        """
        ...

    def back_up(self, connection: Connection, version: int) -> str:
        """Keep a copy of a tape of ``version`` before it is changed; returns where."""
        ...

    def keep_reserve(self) -> None:
        """Set space aside for the day when the disk is full."""
        ...

    def free_reserve(self, error: DBAPIError) -> str:
        """Give that space back if ``error`` says that the disk is full; returns what to tell of it."""
        ...

    def wrote_nothing(self, error: DBAPIError) -> bool:
        """Whether ``error`` proves that the transaction left no trace and that the connection can be used again."""
        ...


def stored_version(connection: Connection) -> int:
    """The version that the meta table names.

    Raises:
        TapeError: It names none.
    """
    found = connection.execute(_VERSION).scalar()
    if found is None or not str(found).isdigit():
        raise TapeError(f"the tape does not say which version of the schema it has (meta.schema_version is {found!r}): it was changed")
    return int(found)
