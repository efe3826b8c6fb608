"""Who trades the account: a lease with an epoch that only goes up, checked inside every write under it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from framework.errors import LeaseHeldError, LeaseLostError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ROW = text("SELECT account, holder, host, code, epoch, expires FROM lease WHERE account = :account")
_LASTS = text("SELECT max(CASE WHEN expires > :now AND expires <= :latest THEN 1 ELSE 0 END) FROM lease")
_OTHERS = text("SELECT account, holder, code FROM lease WHERE account <> :account AND expires > :now AND code <> :code")
_TAKE = text(
    "INSERT INTO lease (account, holder, host, code, epoch, expires) VALUES (:account, :holder, :host, :code, :epoch, :expires) "
    "ON CONFLICT (account) DO UPDATE SET holder = excluded.holder, host = excluded.host, code = excluded.code, "
    "epoch = excluded.epoch, expires = excluded.expires"
)
_PROLONG = text("UPDATE lease SET expires = :expires WHERE account = :account")

#: Seconds that a session's lease lasts at most. One that ends later is of a machine that has started again since: its clock has, too.
LONGEST = 180.0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to trade ``account`` until it expires.

    Attributes:
        epoch: The fencing token: what is written under a smaller one than the account's is refused.
        expires: By the clock of the tape (the database's own, or that of this machine since it started), ns.
        deadline: The same, early rather than late, in seconds of ``time.monotonic`` of this process.
    """

    account: str
    holder: str
    epoch: int
    expires: int
    deadline: float

    def seconds_left(self) -> float:
        """How long it still lasts at least; 0 or less when it may have expired."""
        return self.deadline - time.monotonic()


class LeaseRow(NamedTuple):
    """A lease as it is stored; one that was released has expired at 0."""

    account: str
    holder: str
    host: str
    code: str
    epoch: int
    expires: int


class Claim(NamedTuple):
    """Who wants a lease: the process, its machine, the hash of its code and for how long."""

    account: str
    holder: str
    host: str
    code: str
    seconds: float


def find(connection: Connection, account: str) -> LeaseRow | None:
    """The lease of ``account``, whether it has expired or not."""
    row = connection.execute(_ROW, {"account": account}).first()
    return None if row is None else LeaseRow(*row)


def any_lasts(connection: Connection, now: int) -> bool | None:
    """Whether a session's lease has not ended ``now``; ``None`` where there never was one."""
    found = connection.execute(_LASTS, {"now": now, "latest": now + round(LONGEST * 1e9)}).scalar()
    return None if found is None else bool(found)


def take(connection: Connection, claim: Claim, known: LeaseRow | None, now: int) -> Lease:
    """Give the lease to ``claim`` under the next epoch.

    Raises:
        LeaseHeldError: Another version of the code trades another account of this tape.
    """
    other = connection.execute(_OTHERS, {"account": claim.account, "now": now, "code": claim.code}).first()
    if other is not None:
        raise LeaseHeldError(
            f"{other.holder} trades account {other.account} with another version of the code ({other.code}, not {claim.code}); "
            "stop it, or start the same version"
        )
    started = time.monotonic()
    expires, epoch = now + round(claim.seconds * 1e9), 1 if known is None else known.epoch + 1
    row = LeaseRow(claim.account, claim.holder, claim.host, claim.code, epoch, expires)
    connection.execute(_TAKE, row._asdict())
    return Lease(claim.account, claim.holder, epoch, expires, started + claim.seconds)


def prolong(connection: Connection, lease: Lease, seconds: float, now: int) -> Lease:
    """The lease with ``seconds`` from ``now``."""
    started, expires = time.monotonic(), now + round(seconds * 1e9)
    connection.execute(_PROLONG, {"account": lease.account, "expires": expires})
    return Lease(lease.account, lease.holder, lease.epoch, expires, started + seconds)


def give_back(connection: Connection, lease: Lease) -> None:
    """End the lease; its epoch stays."""
    connection.execute(_PROLONG, {"account": lease.account, "expires": 0})


def check(lease: Lease, row: LeaseRow | None, now: int) -> None:
    """Look whether ``lease`` is still the account's.

    Raises:
        LeaseLostError: It is not, or it has expired.
    """
    if row is None or (row.holder, row.epoch) != (lease.holder, lease.epoch):
        by = "nobody" if row is None else f"{row.holder}, epoch {row.epoch}"
        raise LeaseLostError(
            f"the lease of account {lease.account} (epoch {lease.epoch}, {lease.holder}) is lost: it belongs to {by}; "
            "nothing was written. Start again through recovery"
        )
    if row.expires <= now:
        raise LeaseLostError(
            f"the lease of account {lease.account} (epoch {lease.epoch}, {lease.holder}) has expired: the process slept or was too slow "
            "to renew it; nothing was written. Start again through recovery"
        )
