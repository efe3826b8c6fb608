"""Messages of trades, quotes and books as the feed of Massive (formerly Polygon) has them, read into values.

Trades (``T``) and quotes (``Q``) are as its WebSocket documents them; its stocks have no level 2. A book of several levels, from whoever
has one, is written as ``{"ev": "L2", "sym": ..., "t": ms, "b": [[price, shares], ...], "a": [[price, shares], ...]}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framework.domain.flow import BookLevel, BookSnapshot, TradeTick
from framework.errors import BadDataError

if TYPE_CHECKING:
    from collections.abc import Mapping

TRADE, QUOTE, LEVELS = "T", "Q", "L2"
_MS = 1_000_000
_MS_PER_DAY = 86_400_000
#: Quotes count in round lots.
ROUND_LOT = 100.0


def read_message(message: Mapping[str, Any]) -> TradeTick | BookSnapshot | None:
    """The trade or book that ``message`` tells; ``None`` for one of another kind, such as a status.

    Raises:
        BadDataError: It is one of ours and cannot be: a field is missing or of another type, or a figure is impossible.
    """
    if not isinstance(message, dict) or not isinstance(message.get("ev"), str):
        raise BadDataError(f"a message must be an object with ev, got {str(message)[:80]!r}")
    kind = message["ev"]
    try:
        if kind == TRADE:
            return _trade(message)
        return _quote(message) if kind == QUOTE else _levels(message) if kind == LEVELS else None
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadDataError(f"a message {kind} cannot be read: {type(error).__name__} {error}") from None


def _trade(message: Mapping[str, Any]) -> TradeTick:
    found = message.get("i")
    # Venues begin to count again each day; reporting facilities, which share the number of a venue, each count for themselves.
    day = int(message["t"]) // _MS_PER_DAY
    name = "" if found is None else f"{message.get('x', '')}:{message.get('trfi', '')}:{found}:{day}"
    codes = tuple(int(code) for code in message.get("c") or ())
    return TradeTick(str(message["sym"]), _time(message), float(message["p"]), float(message["s"]), name, codes)


def _quote(message: Mapping[str, Any]) -> BookSnapshot:
    bid, ask = (BookLevel(float(message[price]), float(message[size]) * ROUND_LOT) for price, size in (("bp", "bs"), ("ap", "as")))
    return BookSnapshot(str(message["sym"]), _time(message), (bid,), (ask,))


def _levels(message: Mapping[str, Any]) -> BookSnapshot:
    bids, asks = (tuple(BookLevel(float(price), float(size)) for price, size in message[name]) for name in ("b", "a"))
    return BookSnapshot(str(message["sym"]), _time(message), bids, asks)


def _time(message: Mapping[str, Any]) -> int:
    return int(message["t"]) * _MS
