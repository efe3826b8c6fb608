"""A folder belongs to one search: another one is refused, and so is the same one while it runs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PLAN = "sweep.json"
_LOCK = "sweep.lock"
_OWN = (_LOCK, f"{PLAN}.part")


@contextmanager
def claimed(folder: Path, plan: Mapping[str, object]) -> Iterator[None]:
    """Within it ``folder`` is this process's; it is made if need be, and holds what is searched, ``plan``, in sweep.json.

    Raises:
        ConfigError: It holds another search or something else, another process is at it, or it cannot be written.
    """
    with ExitStack() as held:
        try:
            _check(folder, plan)
            folder.mkdir(parents=True, exist_ok=True)
            lock = held.enter_context(closing(sqlite3.connect(folder / _LOCK, timeout=0.0, isolation_level=None)))
            _take(lock, folder)
            _check(folder, plan)
            _write(folder, plan)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"cannot write the sweep's folder {folder}: {error}; choose another one with --out") from None
        yield


def _write(folder: Path, plan: Mapping[str, object]) -> None:
    text = json.dumps(plan, indent=2, ensure_ascii=False, allow_nan=False)
    part = folder / f"{PLAN}.part"
    part.write_text(f"{text}\n", encoding="utf-8")
    part.replace(folder / PLAN)


def _take(lock: sqlite3.Connection, folder: Path) -> None:
    """The system gives a lock back however its process ends."""
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        raise ConfigError(f"another process works in {folder} ({error}); wait for it, or choose another folder with --out") from None


def _check(folder: Path, plan: Mapping[str, object]) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    path = folder / PLAN
    if not path.is_file():
        if all(one.name.startswith(_OWN) for one in folder.iterdir()):  # it was killed before it had begun
            return
        raise ConfigError(f"--out {folder} holds files that are no sweep of onetape; name an empty or new folder")
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path} cannot be read: {error}; name another folder with --out") from None
    names = dict.fromkeys([*plan, *there])
    other = [name for name in names if there.get(name) != plan.get(name)]
    if other:
        was = ", ".join(f"{name} was {json.dumps(there.get(name))} and is {json.dumps(plan.get(name))}" for name in other)
        raise ConfigError(f"--out {folder} holds another sweep: {was}; name another folder, or repeat that sweep")
