"""PostgreSQL goes away in the middle: an append says truly whether it was written, or that nobody knows."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from framework.errors import TapeError
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.store import TapeStore
from tests.runtime.tape.conftest import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMIT = b"COMMIT"


def note(number: int) -> NewEvent:
    return NewEvent(number, "note", {"number": number})


class Cutter:
    """Stands between client and server and cuts the line once, when a commit passes.

    Attributes:
        cut: before: the server never hears the commit. after: it does, and its answer is lost.
        closed: No new connection gets through.
    """

    def __init__(self, server: str, folder: Path) -> None:
        self.cut: str | None = None
        self.closed = False
        self._server = f"{server}/.s.PGSQL.5432"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(folder / ".s.PGSQL.5432"))
        self._socket.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._lines: list[socket.socket] = []
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            if self.closed:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._lines += [client, server]
            for pair in ((client, server, True), (server, client, False)):
                thread = threading.Thread(target=self._pump, args=pair)
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        try:
            while data := source.recv(65_536):
                if asks and self.cut is not None and COMMIT in data:
                    if self.cut == "after":
                        source.shutdown(socket.SHUT_RDWR)  # the answer has nowhere to go
                        target.sendall(data)
                    self.cut = None
                    break
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for line in self._lines:
            line.close()


@contextmanager
def cutter(address: str, folder: Path) -> Iterator[tuple[Cutter, str]]:
    """A cutter before the server of ``address``, and the address that leads through it."""
    server = address.split("host=")[1].split("&", maxsplit=1)[0]
    between = Cutter(server, folder)
    try:
        yield between, address.replace(f"host={server}", f"host={folder}")
    finally:
        between.close()


@pytest.fixture
def line(empty_schema: str, memory: Path) -> Iterator[tuple[Cutter, str]]:
    with cutter(empty_schema, memory) as found:
        yield found


def test_a_commit_whose_answer_was_lost_is_found_on_the_tape(line):
    between, address = line
    with TapeStore.open(address, header=HEADER) as store:
        between.cut = "after"
        (written,) = store.append([note(1)])
        assert list(store.events(after=0)) == [written]
        store.append([note(2)])
        assert store.verify() == 3


def test_a_commit_the_server_never_heard_was_not_written(line):
    between, address = line
    with TapeStore.open(address, header=HEADER) as store:
        between.cut = "before"
        with pytest.raises(TapeError, match="was not written, nothing of it"):
            store.append([note(1)])
        store.append([note(2)])
        assert [event.payload for event in store.events(after=0)] == [{"number": 2}]


def test_while_the_server_cannot_be_reached_nobody_knows_and_everything_is_refused(line, empty_schema):
    between, address = line
    store = TapeStore.open(address, header=HEADER)
    between.cut, between.closed = "after", True
    with pytest.raises(TapeError, match="nobody knows whether the last events were written"):
        store.append([note(1)])
    with pytest.raises(TapeError, match="open it again"):
        store.append([note(2)])
    store.close()
    with TapeStore.open(empty_schema, header=HEADER) as again:
        assert [event.payload for event in again.events(after=0)] == [{"number": 1}]


def test_a_reader_whose_connection_broke_gets_a_new_one(empty_schema):
    with TapeStore.open(empty_schema, header=HEADER) as store, TapeStore.attach(empty_schema) as other:
        (victim,) = store._database._reader.exec_driver_sql("SELECT pg_backend_pid()").one()
        other._database._reader.exec_driver_sql(f"SELECT pg_terminate_backend({victim}, 5000)")
        with pytest.raises(TapeError, match="cannot be read"):
            _ = store.head
        assert store.head.sequence == 0


def test_a_server_that_goes_down_is_a_tape_error_each_time(empty_schema):
    with TapeStore.open(empty_schema, header=HEADER) as store, TapeStore.attach(empty_schema) as other:
        (victim,) = store._database.preparing().exec_driver_sql("SELECT pg_backend_pid()").one()
        store._database.preparing().rollback()
        other._database._reader.exec_driver_sql(f"SELECT pg_terminate_backend({victim}, 5000)")
        with pytest.raises(TapeError, match="was not written, nothing of it"):
            store.append([note(1)])
        store.append([note(2)])
        assert store.verify() == 2
