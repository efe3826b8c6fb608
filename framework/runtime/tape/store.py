"""The tape of a process that trades event by event: what ``append`` has returned is on the disk."""

from __future__ import annotations

import json
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import bindparam, text
from sqlalchemy.exc import IntegrityError

from framework.errors import AlreadyRecordedError, ConfigError, LeaseHeldError, MissingDataError, TapeError, TapeMismatchError
from framework.runtime.clock import now_ns
from framework.runtime.tape import lease as leases
from framework.runtime.tape.chain import START, Head, NewEvent, Row, TapeEvent, canonical, chained, first_break
from framework.runtime.tape.checkpoints import Checkpoint, latest, newest_head, save
from framework.runtime.tape.database import Database, told
from framework.runtime.tape.mark import check_mark, read_mark, write_mark
from framework.runtime.tape.migration import migrate, require_known
from framework.runtime.tape.mismatch import parted
from framework.runtime.tape.recording import FIRST
from framework.runtime.tape.schema import INSERT_EVENT, SELECT_EVENTS, VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from types import TracebackType

    from sqlalchemy import Connection

    from framework.runtime.tape.backend import Backend
    from framework.runtime.tape.lease import Lease

PAGE = 1_000
HEADER_KEY = "header"
_INSERT = text(INSERT_EVENT)
_HEAD = text("SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1")
_PAGE = text(f"{SELECT_EVENTS} WHERE sequence > :after ORDER BY sequence LIMIT {PAGE}")
_PAGE_OF = text(f"{SELECT_EVENTS} WHERE sequence > :after AND kind IN :kinds ORDER BY sequence LIMIT {PAGE}").bindparams(
    bindparam("kinds", expanding=True)
)
_HASH_AT = text("SELECT hash FROM events WHERE sequence = :sequence")
_WITH_KEY = text("SELECT sequence FROM events WHERE key = :key")


class TapeStore:
    """A tape that several processes may share: each append is one transaction, and only the holder of the lease trades.

    It may be used from several threads. After an error that leaves open what was written, it refuses everything until it is opened again.
    """

    def __init__(self, backend: Backend) -> None:
        self._database = Database(backend)
        self._mark: Path | None = None

    @property
    def place(self) -> str:
        """How messages name it, without a password."""
        return self._database.backend.place

    @classmethod
    def open(cls, place: str | Path, *, header: Mapping[str, object]) -> Self:
        """The tape at ``place`` for the process that trades on it; made if need be.

        An older schema is migrated, the pages are checked, the high-water mark, and the chain from the last checkpoint on.

        Args:
            place: A file, ``sqlite:///…`` or ``postgresql://…``; a password in it never shows in a message.
            header: What a new tape says of itself, and an old one must have said: the mode and a hash of the account at least.

        Raises:
            TapeError: It cannot be read, was changed, or could lose what is written to it.
            TapeMismatchError: It is the tape of something else, or an older copy of itself.
        """
        backend = _backend_of(place)
        mark = START if backend.mark is None else read_mark(backend.mark)
        if mark != START and not backend.exists():
            raise TapeMismatchError(f"{backend.place}: the tape is gone, it was at event {mark.sequence}; put it back")
        store = cls(backend)
        try:
            store._prepare(header, mark)
        except BaseException:  # whatever it was, no connection stays open
            store._database.close()
            raise
        return store

    @classmethod
    def attach(cls, place: str | Path) -> Self:
        """The tape at ``place``, which another process may be trading on: to read it, or to add a command. Nothing is checked.

        Raises:
            MissingDataError: There is none.
            TapeError: It cannot be read, or another version of onetape wrote it.
        """
        backend = _backend_of(place)
        if not backend.exists():
            raise MissingDataError(f"there is no tape at {backend.place}; name the folder of a run, or its tape.db")
        store = cls(backend)
        try:
            store._require_ready()
        except BaseException:  # whatever it was, no connection stays open
            store._database.close()
            raise
        return store

    def _prepare(self, header: Mapping[str, object], mark: Head) -> None:
        backend, connection = self._database.backend, self._database.preparing()
        with told(self.place):
            migrate(backend, connection)
            backend.check_pages(connection)
            connection.rollback()
        with self._database.reading() as reader:
            check_mark(mark, _head(reader), lambda sequence: _hash_at(reader, sequence), self.place)
            covered = newest_head(reader)
        self._check_header(header)
        self._follow(covered)
        backend.keep_reserve()
        self._mark = backend.mark
        self._write_mark()

    def _require_ready(self) -> None:
        with self._database.reading() as connection:
            found = require_known(self._database.backend, connection)
        if found != VERSION:
            raise TapeError(f"{self.place}: the tape has schema {found}, not {VERSION}: start the process that trades on it first")

    def _check_header(self, header: Mapping[str, object]) -> None:
        if self.head == START:
            with suppress(AlreadyRecordedError):  # another process made the tape meanwhile
                self.append([NewEvent(now_ns(), FIRST, header, HEADER_KEY)])
        first = next(iter(self.events()))
        wanted = json.loads(canonical(header))
        wrong = sorted(name for name in wanted if first.payload.get(name) != wanted[name])
        if first.kind != FIRST or wrong:
            parts = [parted(name, first.payload.get(name), wanted[name]) for name in wrong if name != "config_hash" or wrong == [name]]
            raise TapeMismatchError(
                f"{self.place}: it is the tape of something else: {'; '.join(parts) or f'it begins with {first.kind}'}; name another tape"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Note how far the tape is, and let go of it; a lease that was not released ends here in a file and expires in a database."""
        try:
            if self._database.usable:
                self._write_mark()
        finally:
            self._database.close()

    def _write_mark(self) -> None:
        if self._mark is not None:
            write_mark(self._mark, self.head)

    @property
    def head(self) -> Head:
        """The last event; ``(-1, "")`` when there is none."""
        with self._database.reading() as connection:
            return _head(connection)

    def append(self, events: Sequence[NewEvent], lease: Lease | None = None) -> tuple[TapeEvent, ...]:
        """Put ``events`` on the tape, all or none; on return they are on the disk.

        Args:
            events: In the order they are to stand.
            lease: What the writer trades under; ``None`` for what is no trading (commands, notes).

        Raises:
            AlreadyRecordedError: One has the key of an event on the tape. Nothing was written.
            LeaseLostError: ``lease`` is not the account's any more. Nothing was written.
            TapeError: The tape cannot be written, or nobody knows whether it was: act as if it was not, and never on what it says.
        """
        rows: list[Row] = []
        try:
            with self._database.writing(lambda fresh: bool(rows) and _hash_at(fresh, rows[-1].sequence) == rows[-1].hash) as connection:
                if lease is not None:
                    leases.check(lease, leases.find(connection, lease.account), self._database.backend.now(connection))
                rows += chained(_head(connection), events, 0 if lease is None else lease.epoch)
                if rows:
                    connection.execute(_INSERT, [row._asdict() for row in rows])
        except IntegrityError as error:
            raise self._refused(events, error) from None
        return tuple(row.read() for row in rows)

    def _refused(self, events: Sequence[NewEvent], error: IntegrityError) -> TapeError:
        keys = [event.key for event in events if event.key is not None]
        with self._database.reading() as connection:
            for key in keys:
                known = connection.execute(_WITH_KEY, {"key": key}).scalar()
                if known is not None:
                    return AlreadyRecordedError(f"{self.place}: event {known} has the key {key!r} already; nothing was written")
        if len(set(keys)) < len(keys):
            return AlreadyRecordedError(f"{self.place}: two of the new events have one key ({keys}); nothing was written")
        return TapeError(f"the tape {self.place} was not written, nothing of it: {error.orig}")

    def events(self, after: int = -1, kinds: Collection[str] = ()) -> Iterator[TapeEvent]:
        """The events behind number ``after``, in order, of ``kinds`` or of all; those written meanwhile too.

        Raises:
            TapeError: The tape cannot be read.
        """
        return (row.read() for row in self._rows(after, kinds))

    def holds(self, key: str) -> bool:
        """Whether an event with ``key`` is on the tape; found by its index, however long the tape is.

        Raises:
            TapeError: The tape cannot be read.
        """
        with self._database.reading() as connection:
            return connection.execute(_WITH_KEY, {"key": key}).scalar() is not None

    def verify(self) -> int:
        """Follow the whole chain; returns the number of events.

        Raises:
            TapeError: The tape was changed: the first bad event is named.
        """
        return self._follow(START).sequence + 1

    def acquire(self, account: str, holder: str, seconds: float, code: str = "") -> Lease:
        """The right to trade ``account`` for ``seconds``, under an epoch that nobody has had.

        Args:
            account: A hash of the account's number.
            holder: A name of this process that no other has.
            seconds: How long it lasts unless it is renewed.
            code: A hash of the code: two versions never trade on one tape at a time.

        Raises:
            LeaseHeldError: Another process has it.
        """
        with self._database.writing() as connection:
            host, now, known = platform.node(), self._database.backend.now(connection), leases.find(connection, account)
            if known is not None and self._database.backend.is_held(known, now, host):
                raise LeaseHeldError(f"{self.place}: {known.holder} on {known.host} trades account {account}; stop it there first")
            self._database.backend.claim(account)
            return leases.take(connection, leases.Claim(account, holder, host, code, seconds), known, now)

    def is_leased(self) -> bool | None:
        """Whether a process may be trading on this tape; ``None`` where none ever had a lease, as in a rehearsal.

        One that died is believed to trade until its lease ends.
        """
        with self._database.reading() as connection:
            return leases.any_lasts(connection, self._database.backend.now(connection))

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """The same lease for another ``seconds`` from now.

        Raises:
            LeaseLostError: It is not the account's any more, or it has expired.
        """
        with self._database.writing() as connection:
            now = self._database.backend.now(connection)
            leases.check(lease, leases.find(connection, lease.account), now)
            return leases.prolong(connection, lease, seconds, now)

    def release(self, lease: Lease) -> None:
        """End the lease, so that another process may take it at once.

        Raises:
            LeaseLostError: It is not the account's any more.
        """
        with self._database.writing() as connection:
            leases.check(lease, leases.find(connection, lease.account), now=-1)
            leases.give_back(connection, lease)
        self._database.backend.unclaim(lease.account)

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a folded state, so that a restart folds only what came after it; the one of that name before is replaced."""
        with self._database.writing() as connection:
            save(connection, checkpoint)
        self._write_mark()

    def checkpoint(self, name: str) -> Checkpoint | None:
        """The last state kept under ``name``; ``None`` where there is none that can be trusted."""
        with self._database.reading() as connection:
            return latest(connection, name)

    def _rows(self, after: int, kinds: Collection[str] = ()) -> Iterator[Row]:
        query, wanted = (_PAGE_OF, {"kinds": sorted(kinds)}) if kinds else (_PAGE, {})
        while True:
            with self._database.reading() as connection:
                page = [Row(*row) for row in connection.execute(query, {"after": after, **wanted})]
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].sequence

    def _follow(self, head: Head) -> Head:
        broken, last = first_break(head, self._rows(head.sequence))
        if broken is not None:
            raise TapeError(f"{self.place}: the chain is broken at event {broken}: the tape was changed after it was written")
        return last


def _backend_of(place: str | Path) -> Backend:
    from framework.runtime.tape.postgres import PostgresBackend
    from framework.runtime.tape.sqlite import SqliteBackend

    scheme, found, rest = str(place).partition("://")
    if isinstance(place, Path) or not found:
        return SqliteBackend(Path(place))
    if scheme == "sqlite":
        return SqliteBackend(Path(rest.removeprefix("/")))
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        return PostgresBackend(f"postgresql://{rest}")
    raise ConfigError(f"{scheme}://… is no place for a tape; write sqlite:///path or postgresql://user@host/database")


def _head(connection: Connection) -> Head:
    row = connection.execute(_HEAD).first()
    return START if row is None else Head(*row)


def _hash_at(connection: Connection, sequence: int) -> str | None:
    found: str | None = connection.execute(_HASH_AT, {"sequence": sequence}).scalar()
    return found
