"""The tokens of a login, and the encrypted file they are kept in. robin_stocks' pickle is never opened."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
import stat
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.secret import Secret
from framework.errors import AuthenticationError, ConfigError, SafetyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VERSION = 1
_NONCE = 12


class Tokens(NamedTuple):
    """What a login gave.

    Attributes:
        access: Goes with every request.
        refresh: Gets the next pair, once.
        device: The id under which this machine was approved.
        obtained_at: ns UTC.
        life_seconds: How long the venue says ``access`` lives.
    """

    access: Secret
    refresh: Secret
    device: str
    obtained_at: int
    life_seconds: float

    def is_old(self, now: int) -> bool:
        """Whether four fifths of its life are over at ``now`` (ns UTC)."""
        return not 0 <= now - self.obtained_at < 0.8 * self.life_seconds * 1e9


def session_key(text: Secret) -> bytes:
    """The key of the session file from its text, 32 bytes in base64.

    Raises:
        ConfigError: It is something else.
    """
    try:
        key = base64.b64decode(text.reveal(), validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigError(f"{text.name} must be 32 random bytes in base64; `onetape login` makes one")
    return key


def new_session_key() -> str:
    """A key for the session file."""
    return base64.b64encode(os.urandom(32)).decode()


class SessionFile:
    """Tokens on disk: AES-GCM under a key that is elsewhere, bound to the user, readable by its owner alone.

    Args:
        path: Of the file.
        key: 32 bytes.
        username: Whose tokens they are; under another name the file cannot be read.
        register: Hears of the tokens that are read or written, so that logs never show them.
    """

    def __init__(self, path: Path, key: bytes, username: str, register: Callable[[Secret], object]) -> None:
        self.path, self._key, self._register = path, key, register
        self._bound_to = f"onetape session {VERSION}|{hashlib.sha256(username.lower().encode()).hexdigest()}".encode()

    def load(self) -> Tokens | None:
        """The tokens; ``None`` where there is no file.

        Raises:
            SafetyError: Others may read or could have written the file.
            AuthenticationError: It cannot be decrypted: another key or user, or it was changed.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        raw = self._read()
        if raw is None:
            return None
        try:
            plain = AESGCM(self._key).decrypt(raw[:_NONCE], raw[_NONCE:], self._bound_to)
            access, refresh, device, obtained_at, life = json.loads(plain)
        except (InvalidTag, ValueError, TypeError):
            raise AuthenticationError(
                f"{self.path} cannot be decrypted: it is for another user or key, or was changed; run `onetape login`"
            ) from None
        return self._known(Tokens(Secret("access token", access), Secret("refresh token", refresh), device, obtained_at, life))

    def save(self, tokens: Tokens) -> None:
        """Write ``tokens`` in place of what was there: all of it, or nothing."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._known(tokens)
        plain = json.dumps([tokens.access.reveal(), tokens.refresh.reveal(), *tokens[2:]]).encode()
        nonce = os.urandom(_NONCE)
        sealed = nonce + AESGCM(self._key).encrypt(nonce, plain, self._bound_to)
        self._private_folder()
        part = self.path.with_suffix(".part")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
        _sync_folder(self.path.parent)

    def remove(self) -> None:
        """Log out: forget the tokens."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Within it no other process of this user renews the tokens: a pair can be exchanged once.

        Raises:
            AuthenticationError: The lock cannot be had.
        """
        self._private_folder()
        path = self.path.with_suffix(".lock")
        with ExitStack() as held:
            try:
                lock = held.enter_context(closing(sqlite3.connect(path, timeout=60.0, isolation_level=None)))
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error as error:
                raise AuthenticationError(f"{path} cannot be locked ({error}); is the disk full?") from None
            yield

    def _known(self, tokens: Tokens) -> Tokens:
        self._register(tokens.access)
        self._register(tokens.refresh)
        return tokens

    def _private_folder(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_ours(os.stat(self.path.parent, follow_symlinks=False), self.path.parent, 0o700)  # noqa: PTH116 - Path.stat follows links in 3.11

    def _read(self) -> bytes | None:
        try:
            handle = os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SafetyError(
                f"{self.path} cannot be opened as a plain file ({error.strerror}); remove it and run `onetape login`"
            ) from None
        with os.fdopen(handle, "rb") as file:
            _check_ours(os.fstat(file.fileno()), self.path, 0o600)
            return file.read(100_000)


def _check_ours(found: os.stat_result, path: Path, most: int) -> None:
    """Refuse what others may read or write."""
    if os.name != "posix":
        return
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & ~most:
        raise SafetyError(f"{path} must belong to you alone: chmod {most:o} {path}, after making sure that nobody else has changed it")


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def old_session(home: Path) -> str | None:
    """Why a session of robin_stocks is not taken over, if there is one."""
    found = sorted(home.glob(".tokens/robinhood*.pickle"))
    if not found:
        return None
    return (
        f"{found[0]} is a session of robin_stocks. It is not taken over: it is a pickle, and reading one runs whatever somebody put into "
        "it; it also lies there unencrypted. Log in here, then delete it"
    )
