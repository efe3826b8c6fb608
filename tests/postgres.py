"""A private PostgreSQL server for the tests: made, started and removed by them, reached over a socket in its own folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.memory import memory_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "onetape"


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, of the newest version installed; ``None`` where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _account() -> str | None:
    """Who runs the server: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def cluster(*settings: str) -> Iterator[str]:
    """A running server with one empty database; gives its address. ``settings`` are name=value, beyond the defaults."""
    folder = memory_folder("onetape-pg-")
    try:
        with _running(folder, settings):
            yield f"postgresql://{USER}@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(folder: Path, settings: tuple[str, ...]) -> Iterator[None]:
    account, tools = _account(), programs()
    assert tools is not None
    if account is not None:
        shutil.chown(folder, account)

    def call(name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(tools / name), *arguments],
            user=account,
            extra_groups=None if account is None else [],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    data, log = str(folder / "data"), str(folder / "log")
    call("initdb", "-D", data, "-A", "trust", "-U", USER, "--no-sync", "--locale=C", "-E", "UTF8")
    options = " ".join(f"-c {one}" for one in ("listen_addresses=", f"unix_socket_directories={folder}", "max_connections=40", *settings))
    call("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
    try:
        yield
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
