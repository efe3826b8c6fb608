"""Under which id does a venue know an order of ours? Derived, so that a restarted process and a second machine derive the same.

The last eight digits are a mark made of the account and the others: whoever sees the order at the venue can tell that a onetape placed it,
whatever tape it stands on. One id in four billion that are not ours carries it by chance.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import NamedTuple

_NAMESPACE = uuid.UUID("6f4d0c5e-0f0e-5d0b-9c57-0e9c1a5d2b61")
#: Digits of the mark.
_MARK = 8


class Desk(NamedTuple):
    """Whose orders these are: they are never taken for those of another mode or account."""

    account: str
    mode: str


def client_id(desk: Desk, order_id: str, leg: int) -> str:
    """The id of the ``leg``-th time the order goes to the venue (an order that was held goes again); no clock and no chance in it."""
    digits = uuid.uuid5(_NAMESPACE, "|".join((desk.account, desk.mode, order_id, str(leg)))).hex
    return str(uuid.UUID(digits[:-_MARK] + _mark(desk.account, digits[:-_MARK])))


def carries_mark(account: str, client_id: str | None) -> bool:
    """Whether an order of the venue was placed for ``account`` by a onetape, this or another; ``False`` where the venue shows no id."""
    try:
        digits = uuid.UUID(client_id or "").hex
    except ValueError:
        return False
    return digits[-_MARK:] == _mark(account, digits[:-_MARK])


def _mark(account: str, digits: str) -> str:
    return hashlib.sha256(f"{_NAMESPACE}|{account}|{digits}".encode()).hexdigest()[:_MARK]
