"""Instruments, quotes, bars, fundamentals and hours as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brokers.robinhood.testing.amounts import fixed
from brokers.robinhood.testing.clock import iso, iso_second
from brokers.robinhood.testing.hours import ALL_DAY, EXTENDED, REGULAR, neighbor, new_york_date, trading_day
from brokers.robinhood.testing.views.addresses import API, instrument_url

if TYPE_CHECKING:
    from datetime import date

    from brokers.robinhood.testing.market import Listing

FUNDAMENTALS = (
    "open high low volume average_volume average_volume_2_weeks high_52_weeks low_52_weeks market_cap pe_ratio pb_ratio dividend_yield "
    "shares_outstanding float sector industry ceo description"
)
_HOURS = {REGULAR: "", EXTENDED: "extended_", ALL_DAY: "all_day_"}.items()


def instrument_json(listing: Listing) -> dict[str, Any]:
    """A stock and what may be done with it."""
    allowed = "untradable" if not listing.tradeable else "position_closing_only" if listing.closing_only else "tradable"
    return {
        "id": listing.id,
        "url": instrument_url(listing.id),
        "symbol": listing.symbol,
        "simple_name": None,
        "name": f"{listing.symbol} of the double",
        "type": "stock",
        "state": "active" if listing.tradeable else "inactive",
        "market": f"{API}/markets/XNAS/",
        "tradeable": listing.tradeable,
        "tradability": allowed,
        "rhs_tradability": allowed,
        "fractional_tradability": listing.fractional,
        "all_day_tradability": "tradable" if listing.overnight else "untradable",
        "otc_market_tier": listing.otc_tier or None,
        "min_tick_size": fixed(listing.min_tick, 4),
        "default_collar_fraction": "0.05",
        "default_preset_percent_limit": "0.05",
        "margin_initial_ratio": "0.5000",
        "maintenance_ratio": "0.2500",
        "quote": f"{API}/quotes/{listing.symbol}/",
        "fundamentals": f"{API}/fundamentals/{listing.symbol}/",
        "splits": f"{API}/instruments/{listing.id}/splits/",
        "internal_halt_reason": "halt" if listing.halted else None,
    }


def quote_json(listing: Listing, now: int) -> dict[str, Any]:
    """The quote; a side that is empty is null."""
    quote, at = listing.quote, iso(listing.quote.timestamp)
    return {
        "symbol": listing.symbol,
        "instrument": instrument_url(listing.id),
        "instrument_id": listing.id,
        "ask_price": fixed(quote.ask, 6),
        "ask_size": quote.ask_size,
        "bid_price": fixed(quote.bid, 6),
        "bid_size": quote.bid_size,
        "venue_ask_time": at,
        "venue_bid_time": at,
        "last_trade_price": fixed(quote.last, 6),
        "venue_last_trade_time": at,
        "last_trade_price_source": "consolidated",
        "last_extended_hours_trade_price": fixed(listing.late_trade, 6),
        "last_non_reg_trade_price": None,
        "venue_last_non_reg_trade_time": None,
        "previous_close": fixed(listing.previous_close, 6),
        "adjusted_previous_close": fixed(listing.previous_close, 6),
        "previous_close_date": neighbor(new_york_date(now), -1).isoformat(),
        "trading_halted": listing.halted,
        "has_traded": True,
        "state": "active",
        "updated_at": at,
    }


def fundamentals_json(listing: Listing) -> dict[str, Any]:
    """Fundamentals; null where nothing was set."""
    return {
        **dict.fromkeys(FUNDAMENTALS.split()),
        "instrument": instrument_url(listing.id),
        "symbol": listing.symbol,
        **listing.fundamentals,
    }


def hours_json(day: date, mic: str) -> dict[str, Any]:
    """The hours of a date; on a closed day nothing opens."""
    found = trading_day(day)
    shown: dict[str, Any] = {"date": day.isoformat(), "is_open": found is not None}
    for kind, prefix in _HOURS:
        opens, closes = (None, None) if found is None else map(iso_second, found.windows[kind])
        shown |= {f"{prefix}opens_at": opens, f"{prefix}closes_at": closes}
    for name, step in (("previous", -1), ("next", 1)):
        shown[f"{name}_open_hours"] = f"{API}/markets/{mic}/hours/{neighbor(day, step).isoformat()}/"
    return shown


def exchange_json(mic: str, now: int) -> dict[str, Any]:
    """An exchange."""
    today = f"{API}/markets/{mic}/hours/{new_york_date(now).isoformat()}/"
    place = {"city": "New York", "country": "US - United States of America", "timezone": "US/Eastern", "website": "www.example.com"}
    return {"url": f"{API}/markets/{mic}/", "todays_hours": today, "mic": mic, "operating_mic": mic, "acronym": mic, "name": mic, **place}
