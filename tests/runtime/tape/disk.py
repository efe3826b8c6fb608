"""A disk between SQLite and the real one that writes down every write and sync, and can fail at any of them.

It is a VFS of SQLite (its layer for files) made with ctypes around the default one, so that the code under test runs as it is. What a power
cut may leave is made from the notes: everything up to the last sync of each file, and any part of what came after, in any order and torn.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

FULL, WRITE_ERROR, SYNC_ERROR = sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC
POINTER, INT, LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
OPEN = ctypes.CFUNCTYPE(INT, POINTER, POINTER, POINTER, INT, POINTER)
DELETE = ctypes.CFUNCTYPE(INT, POINTER, ctypes.c_char_p, INT)
WRITE = ctypes.CFUNCTYPE(INT, POINTER, POINTER, INT, LONG)
TRUNCATE = ctypes.CFUNCTYPE(INT, POINTER, LONG)
SYNC = ctypes.CFUNCTYPE(INT, POINTER, INT)


class Vfs(ctypes.Structure):
    """sqlite3_vfs."""

    _fields_ = (
        ("version", INT), ("file_size", INT), ("longest", INT), ("next", POINTER), ("name", ctypes.c_char_p), ("data", POINTER),
        ("open", POINTER), ("delete", POINTER), ("rest", POINTER * 16),
    )  # fmt: skip


class Methods(ctypes.Structure):
    """sqlite3_io_methods."""

    _fields_ = (
        ("version", INT), ("close", POINTER), ("read", POINTER), ("write", POINTER), ("truncate", POINTER), ("sync", POINTER),
        ("rest", POINTER * 13),
    )  # fmt: skip


def library() -> ctypes.CDLL | None:
    """The SQLite that Python uses; ``None`` where it cannot be reached."""
    maps = Path("/proc/self/maps")
    shared = [line.split()[-1] for line in maps.read_text().splitlines() if "libsqlite3.so" in line] if maps.exists() else []
    found = ctypes.CDLL(shared[0] if shared else _sqlite3.__file__)
    return found if hasattr(found, "sqlite3_vfs_find") else None


class Operation(NamedTuple):
    """Something that was done to a file: write, truncate, sync or delete; or a note of the test's own."""

    kind: str
    name: str
    offset: int = 0
    data: bytes = b""


@dataclass
class Disk:
    """What was done, in order; and when to fail.

    Attributes:
        fail_at: The operation that fails, counted from 0; ``None``: none does.
        code: SQLite's code for it.
        lasting: Every later one fails too.
    """

    operations: list[Operation] = field(default_factory=list)
    fail_at: int | None = None
    code: int = FULL
    lasting: bool = False
    count: int = 0

    @property
    def failed(self) -> bool:
        """Whether the failure has come."""
        return self.fail_at is not None and self.count > self.fail_at

    def note(self, name: str, number: int = 0) -> None:
        """Put a note of the test among the operations."""
        self.operations.append(Operation("note", name, number))

    def take(self, operation: Operation) -> int:
        """Write ``operation`` down, or refuse it."""
        number, self.count = self.count, self.count + 1
        if self.fail_at is not None and (number == self.fail_at or (self.lasting and number > self.fail_at)):
            return SYNC_ERROR if operation.kind == "sync" and self.code != FULL else self.code
        self.operations.append(operation)
        return 0


class _Watch:
    """The wrappers around one VFS; kept as long as SQLite may call them."""

    def __init__(self, disk: Disk, real: Vfs) -> None:
        self._disk = disk
        self._names: dict[int, str] = {}
        self._wrapped: dict[int, tuple[Methods, tuple[object, ...]]] = {}
        self._real_open, self._real_delete = OPEN(real.open), DELETE(real.delete)
        self._callbacks = (OPEN(self._open), DELETE(self._delete))
        self.vfs = Vfs.from_buffer_copy(real)
        self.vfs.next, self.vfs.name = None, b"noting"
        self.vfs.open, self.vfs.delete = (ctypes.cast(one, POINTER).value for one in self._callbacks)

    def _open(self, vfs: int, name: int, file: int, flags: int, out: int) -> int:
        found = self._real_open(vfs, name, file, flags, out)
        if found == 0:
            self._names[file] = Path(ctypes.string_at(name).decode()).name if name else "temporary"
            place = POINTER.from_address(file)
            place.value = ctypes.addressof(self._methods(place.value))
        return found

    def _delete(self, vfs: int, name: bytes, flags: int) -> int:
        return self._disk.take(Operation("delete", Path(name.decode()).name)) or self._real_delete(vfs, name, flags)

    def _methods(self, address: int) -> Methods:
        if address not in self._wrapped:
            methods = Methods.from_buffer_copy(Methods.from_address(address))
            callbacks = self._callbacks_around(methods)
            methods.write, methods.truncate, methods.sync = (ctypes.cast(one, POINTER).value for one in callbacks)
            self._wrapped[address] = (methods, callbacks)
        return self._wrapped[address][0]

    def _callbacks_around(self, methods: Methods) -> tuple[object, ...]:
        real_write, real_truncate, real_sync = WRITE(methods.write), TRUNCATE(methods.truncate), SYNC(methods.sync)
        disk, names = self._disk, self._names

        def write(file: int, data: int, amount: int, offset: int) -> int:
            operation = Operation("write", names[file], offset, ctypes.string_at(data, amount))
            return disk.take(operation) or real_write(file, data, amount, offset)

        def truncate(file: int, length: int) -> int:
            return disk.take(Operation("truncate", names[file], length)) or real_truncate(file, length)

        def sync(file: int, flags: int) -> int:
            return disk.take(Operation("sync", names[file])) or real_sync(file, flags)

        return WRITE(write), TRUNCATE(truncate), SYNC(sync)


@contextmanager
def noting(disk: Disk) -> Iterator[None]:
    """Let every SQLite file opened within the block be on ``disk``; all have to be closed within it."""
    sqlite = library()
    assert sqlite is not None
    sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
    real = sqlite.sqlite3_vfs_find(None)
    watch = _Watch(disk, real.contents)
    assert sqlite.sqlite3_vfs_register(ctypes.byref(watch.vfs), 1) == 0
    try:
        yield
    finally:
        sqlite.sqlite3_vfs_unregister(ctypes.byref(watch.vfs))
        sqlite.sqlite3_vfs_register(real, 1)


def after_power_cut(operations: Iterable[Operation], folder: Path, random: Random) -> None:
    """Write into ``folder`` what the disk may hold when the power went after ``operations``."""
    files, waiting = _synced(one for one in operations if one.kind != "note")
    for name, content in files.items():
        for one in _survivors(waiting[name], random):
            _apply(content, one)
        (folder / name).write_bytes(content)


def _synced(operations: Iterable[Operation]) -> tuple[dict[str, bytearray], dict[str, list[Operation]]]:
    """What is on the disk for certain, by file; and what is on its way."""
    files: dict[str, bytearray] = {}
    waiting: dict[str, list[Operation]] = {}
    for one in operations:
        if one.kind == "delete":
            files.pop(one.name, None)
            continue
        if one.name not in files:
            files[one.name], waiting[one.name] = bytearray(), []
        if one.kind != "sync":
            waiting[one.name].append(one)
            continue
        for done in waiting[one.name]:
            _apply(files[one.name], done)
        waiting[one.name] = []
    return files, waiting


def _survivors(unsynced: list[Operation], random: Random) -> list[Operation]:
    """Half of them, in any order; a quarter of those torn."""
    kept = [one for one in unsynced if random.random() < 0.5]
    random.shuffle(kept)
    return [one._replace(data=one.data[: random.randrange(len(one.data) + 1)]) if random.random() < 0.25 else one for one in kept]


def _apply(content: bytearray, one: Operation) -> None:
    if one.kind == "truncate":
        del content[one.offset :]
        return
    content.extend(bytes(max(0, one.offset - len(content))))
    content[one.offset : one.offset + len(one.data)] = one.data
