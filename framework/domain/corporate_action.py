"""What an issuer has announced for a share, before anybody has seen it happen."""

from __future__ import annotations

from typing import NamedTuple


class CorporateAction(NamedTuple):
    """What happens to a share before the open of the day that begins ``since`` (ns UTC).

    ``split`` is new shares for an old one; ``dividend`` dollars a share of that day, paid on ``pay_day`` (days since 1970; ``None``: then).
    """

    symbol: str
    since: int
    split: float = 1.0
    dividend: float = 0.0
    pay_day: int | None = None
