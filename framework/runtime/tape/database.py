"""Two connections to a tape's database, one to write and one to read, and what their errors mean."""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from framework.errors import TapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from framework.runtime.tape.backend import Backend


class Database:
    """Transactions on ``backend``, one at a time, from any thread; who only reads changes nothing.

    After an error that leaves open what was written it refuses everything: the pages in memory are not to be trusted any more.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._refusal: str | None = None
        self._write_lock, self._read_lock = RLock(), RLock()
        self._writer: Connection | None = None
        with told(backend.place):
            self._reader = self._new_reader()

    def _new_reader(self) -> Connection:
        return self.backend.connect_to_read().execution_options(isolation_level="AUTOCOMMIT")

    @property
    def usable(self) -> bool:
        """Whether nothing has happened that it must be opened again for."""
        return self._refusal is None

    def close(self) -> None:
        """Let go of both connections."""
        with self._write_lock, self._read_lock:
            self._refusal = "it was closed"
            if self._writer is not None:
                self._writer.close()
            self._reader.close()
            self.backend.unclaim_all()

    @contextmanager
    def writing(self, landed: Callable[[Connection], bool] = lambda _: False) -> Iterator[Connection]:
        """One transaction that nobody else writes beside; it is on the disk when the block is left.

        Args:
            landed: Says, on a fresh connection, whether the transaction got through although its answer was lost.

        Raises:
            IntegrityError: A constraint refused it; nothing was written.
            TapeError: It failed; the message says whether anything may have been written.
        """
        with self._write_lock:
            self._require_usable()
            writer = self.preparing()
            try:
                with writer.begin():
                    self.backend.begin(writer)
                    yield writer
            except IntegrityError:
                raise
            except DBAPIError as error:
                self._settle(error, landed)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The connection for reads, each of which sees all that is committed.

        Raises:
            TapeError: The tape cannot be read.
        """
        with self._read_lock:
            self._require_usable()
            with told(self.backend.place):
                if self._reader.invalidated:
                    self._reader.close()
                    self._reader = self._new_reader()
                yield self._reader

    def preparing(self) -> Connection:
        """The connection for writes, outside of any transaction: to make or change the schema before anything else is done.

        Raises:
            TapeError: It could lose what is written.
        """
        if self._writer is None:
            with told(self.backend.place):
                self._writer = self.backend.connect()
        return self._writer

    def _require_usable(self) -> None:
        if self._refusal is not None:
            raise TapeError(f"the tape {self.backend.place} cannot be used: {self._refusal}; open it again")

    def _settle(self, error: DBAPIError, landed: Callable[[Connection], bool]) -> None:
        """Find out what a failed transaction has left; return only if it got through."""
        cause = f"{type(error.orig).__name__}: {error.orig}".strip()
        if self.backend.wrote_nothing(error):
            freed = self.backend.free_reserve(error)
            raise TapeError(f"the tape {self.backend.place} was not written, nothing of it: {cause}{freed}") from None
        self._refusal = f"nobody knows whether the last events were written ({cause})"
        if not error.connection_invalidated or not self._asked_again(landed):
            self._require_usable()
            raise TapeError(f"the tape {self.backend.place} was not written, nothing of it: {cause}") from None

    def _asked_again(self, landed: Callable[[Connection], bool]) -> bool:
        """Connect anew and look; the write lock waits until the lost transaction has ended one way or the other."""
        try:
            if self._writer is not None:
                self._writer.close()
            self._writer = None
            writer = self.preparing()
            with writer.begin():
                self.backend.begin(writer)
                found = landed(writer)
        except (SQLAlchemyError, TapeError):
            return False
        self._refusal = None
        return found


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn what the database raises into one typed error that names the tape."""
    try:
        yield
    except DBAPIError as error:
        raise TapeError(f"the tape {place} cannot be read: {type(error.orig).__name__}: {error.orig}".strip()) from None
    except UnicodeDecodeError as error:  # a damaged file has text that is none, even in SQLite's own messages
        raise TapeError(f"the tape {place} cannot be read: {error}") from None
