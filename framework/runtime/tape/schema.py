"""The tables of a tape on SQLite and on PostgreSQL, and how a tape of an earlier version becomes one of this.

Version 1 is what backtests wrote before tapes were shared: events without key and epoch, no meta, lease and checkpoints.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 2

INSERT_EVENT = (
    "INSERT INTO events (sequence, timestamp, kind, payload, hash, key, epoch) "
    "VALUES (:sequence, :timestamp, :kind, :payload, :hash, :key, :epoch)"
)
SELECT_EVENTS = "SELECT sequence, timestamp, kind, payload, hash, key, epoch FROM events"
#: The same of a tape of version 1.
SELECT_EVENTS_1 = "SELECT sequence, timestamp, kind, payload, hash, NULL AS key, 0 AS epoch FROM events"
SELECT_BARS = "SELECT symbol, name, data FROM bars ORDER BY symbol, name"
SET_META = "INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

_APPEND_ONLY = "the tape is append-only"
_GAPLESS = "the chain cannot fork"
_EPOCH = "the epoch of a lease only goes up"


def _abort(name: str, when: str, table: str, message: str, condition: str = "") -> str:
    """A trigger of SQLite that refuses."""
    return f"CREATE TRIGGER {name} BEFORE {when} ON {table} {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"


_SQLITE_1 = (
    (
        "CREATE TABLE events (sequence INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, kind TEXT NOT NULL, "
        "payload TEXT NOT NULL, hash TEXT NOT NULL)"
    ),
    "CREATE TABLE bars (symbol TEXT NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (symbol, name))",
    _abort("events_only_grow", "UPDATE", "events", _APPEND_ONLY),
    _abort("events_stay", "DELETE", "events", _APPEND_ONLY),
    _abort("bars_stay_the_same", "UPDATE", "bars", _APPEND_ONLY),
    _abort("bars_stay", "DELETE", "bars", _APPEND_ONLY),
)
_SQLITE_2 = (
    "ALTER TABLE events ADD COLUMN key TEXT",
    "ALTER TABLE events ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
    "CREATE UNIQUE INDEX events_key ON events (key) WHERE key IS NOT NULL",
    _abort(
        "events_follow",
        "INSERT",
        "events",
        _GAPLESS,
        "WHEN NEW.sequence <> (SELECT coalesce(max(sequence) + 1, 0) FROM events)",
    ),
    (
        "CREATE TABLE lease (account TEXT PRIMARY KEY, holder TEXT NOT NULL, host TEXT NOT NULL, code TEXT NOT NULL, "
        "epoch INTEGER NOT NULL CHECK (epoch > 0), expires INTEGER NOT NULL)"
    ),
    _abort("lease_epoch_rises", "UPDATE", "lease", _EPOCH, "WHEN NEW.epoch < OLD.epoch"),
    _abort("lease_stays", "DELETE", "lease", _EPOCH),
    (
        "CREATE TABLE checkpoints (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL, hash TEXT NOT NULL, state TEXT NOT NULL, "
        "digest TEXT NOT NULL)"
    ),
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


def _refuse(name: str, when: str, table: str, message: str, condition: str = "", each: str = "ROW") -> str:
    """The same of PostgreSQL."""
    return f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {each} {condition} EXECUTE FUNCTION tape_refuses('{message}')"


_POSTGRES_2 = (
    (
        "CREATE TABLE events (sequence BIGINT PRIMARY KEY, timestamp BIGINT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL, "
        "hash TEXT NOT NULL, key TEXT UNIQUE, epoch BIGINT NOT NULL DEFAULT 0)"
    ),
    "CREATE TABLE bars (symbol TEXT NOT NULL, name TEXT NOT NULL, data BYTEA NOT NULL, PRIMARY KEY (symbol, name))",
    (
        "CREATE TABLE lease (account TEXT PRIMARY KEY, holder TEXT NOT NULL, host TEXT NOT NULL, code TEXT NOT NULL, "
        "epoch BIGINT NOT NULL CHECK (epoch > 0), expires BIGINT NOT NULL)"
    ),
    (
        "CREATE TABLE checkpoints (name TEXT PRIMARY KEY, sequence BIGINT NOT NULL, hash TEXT NOT NULL, state TEXT NOT NULL, "
        "digest TEXT NOT NULL)"
    ),
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    (
        "CREATE FUNCTION tape_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'integrity_constraint_violation'; END $$"
    ),
    (
        "CREATE FUNCTION tape_follows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.sequence <> (SELECT coalesce(max(sequence) + 1, 0) FROM events) THEN "
        "RAISE EXCEPTION USING MESSAGE = 'the chain cannot fork', ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    ),
    "CREATE TRIGGER events_follow BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION tape_follows()",
    _refuse("events_stay", "UPDATE OR DELETE", "events", _APPEND_ONLY),
    _refuse("events_whole", "TRUNCATE", "events", _APPEND_ONLY, each="STATEMENT"),
    _refuse("bars_stay", "UPDATE OR DELETE", "bars", _APPEND_ONLY),
    _refuse("bars_whole", "TRUNCATE", "bars", _APPEND_ONLY, each="STATEMENT"),
    _refuse("lease_epoch_rises", "UPDATE", "lease", _EPOCH, "WHEN (NEW.epoch < OLD.epoch)"),
    _refuse("lease_stays", "DELETE", "lease", _EPOCH),
    _refuse("lease_whole", "TRUNCATE", "lease", _EPOCH, each="STATEMENT"),
)

#: What makes a tape of the version from the one before it; the first of each row makes an empty one.
SQLITE_STEPS: Mapping[int, tuple[str, ...]] = MappingProxyType({1: _SQLITE_1, 2: _SQLITE_2})
POSTGRES_STEPS: Mapping[int, tuple[str, ...]] = MappingProxyType({2: _POSTGRES_2})
