"""Which instrument a symbol is, and back: asked once and kept. An instrument keeps its id; a symbol may be given to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.wire import API
from framework.domain.request import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from brokers.robinhood.replies import Reply
    from framework.engine.network import Clock

#: Symbols change at night: what is older (ns) is asked again.
KEPT = 12 * 3_600 * 1_000_000_000


class Instrument(NamedTuple):
    """A stock at the venue."""

    id: str
    symbol: str
    is_tradable: bool
    takes_parts: bool
    is_over_the_counter: bool
    asked_at: int

    @property
    def url(self) -> str:
        """Its address, as orders want it."""
        return f"{API}/instruments/{self.id}/"


class Instruments:
    """The instruments this session has met; a failed answer is not kept.

    Args:
        get: Reads an address with a query.
        clock: Monotonic.
    """

    def __init__(self, get: Callable[[str, Mapping[str, str], Priority], Reply], clock: Clock) -> None:
        self._get, self._clock = get, clock
        self._by_symbol: dict[str, Instrument] = {}
        self._by_id: dict[str, Instrument] = {}

    def of_symbol(self, symbol: str, priority: Priority = Priority.STATUS) -> Instrument | None:
        """The instrument called ``symbol``; ``None`` where there is none, or no answer."""
        kept = self._by_symbol.get(symbol)
        if kept is not None and self._clock.now_ns() - kept.asked_at < KEPT:
            return kept
        reply = self._get("/instruments/", {"symbol": symbol}, priority)
        found = [one for row in _rows(reply) if (one := self._read(row)) is not None and one.symbol == symbol]
        return self._keep(found[0]) if len(found) == 1 else None

    def symbol_of(self, instrument_id: str) -> str | None:
        """The symbol of an instrument; ``None`` where there is no answer."""
        kept = self._by_id.get(instrument_id)
        if kept is None:
            reply = self._get(f"/instruments/{instrument_id}/", {}, Priority.STATUS)
            found = self._read(reply.fields) if reply.is_good else None
            kept = None if found is None else self._keep(found)
        return None if kept is None else kept.symbol

    def _keep(self, one: Instrument) -> Instrument:
        self._by_symbol[one.symbol] = self._by_id[one.id] = one
        return one

    def _read(self, row: Mapping[str, Any]) -> Instrument | None:
        identity, symbol = row.get("id"), row.get("symbol")
        if not isinstance(identity, str) or not isinstance(symbol, str):
            return None
        tradable = row.get("tradeable") is True and row.get("tradability", "tradable") == "tradable"
        parts = row.get("fractional_tradability", "tradable") == "tradable"
        return Instrument(identity, symbol, tradable, parts, bool(row.get("otc_market_tier")), self._clock.now_ns())


def _rows(reply: Reply) -> list[Mapping[str, Any]]:
    rows = reply.fields.get("results") if reply.is_good else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
