"""Under which id does a venue know an order of ours? Derived, so that a restarted process and a second machine derive the same."""

from __future__ import annotations

import uuid
from typing import NamedTuple

_NAMESPACE = uuid.UUID("6f4d0c5e-0f0e-5d0b-9c57-0e9c1a5d2b61")


class Desk(NamedTuple):
    """Whose orders these are: they are never taken for those of another mode or account."""

    account: str
    mode: str


def client_id(desk: Desk, order_id: str, leg: int) -> str:
    """The id of the ``leg``-th time the order goes to the venue (an order that was held goes again); no clock and no chance in it."""
    return str(uuid.uuid5(_NAMESPACE, "|".join((desk.account, desk.mode, order_id, str(leg)))))
