"""Limits that refuse an entry whatever its size. Each rule gives the violation, or ``None``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.domain import reasons
from framework.domain.values import MICRO, from_micros, notional, to_micros
from framework.rules.pretrade import violations as codes
from framework.rules.pretrade.entry import share
from framework.rules.pretrade.standing import fingerprint
from framework.rules.pretrade.violations import LimitViolation, violation

if TYPE_CHECKING:
    from framework.rules.pretrade.entry import Entry


def short(entry: Entry) -> LimitViolation | None:
    """The venue cannot sell what is not held."""
    if entry.venue.shorting or entry.sign > 0:
        return None
    free = max(entry.standing.held - entry.standing.exits, 0)
    detail = f"{from_micros(free)} shares are free to sell; {entry.venue.name} has no short selling"
    return violation(entry.order, reasons.SHORT, detail, entry.order.quantity_micros / MICRO, free / MICRO)


def entry_type(entry: Entry) -> LimitViolation | None:
    """The type is not among those an entry may have."""
    allowed = entry.limits.allowed_entry_types
    if entry.order.order_type in allowed:
        return None
    detail = f"entries may not be {entry.order.order_type} orders; [orders] allowed_types = {', '.join(sorted(allowed)) or 'none'}"
    return violation(entry.order, codes.ENTRY_TYPE, detail)


def duplicate(entry: Entry) -> LimitViolation | None:
    """The same order is working already."""
    working = entry.standing.working
    if not working or fingerprint(entry.order) not in working:
        return None
    detail = "the same order is working; give it another tag if it is meant ([limits] refuse_duplicates)"
    return violation(entry.order, codes.DUPLICATE, detail)


def orders_per_bar(entry: Entry) -> LimitViolation | None:
    """Too many entries in this decision."""
    return _counted(entry, codes.ORDERS_PER_BAR, entry.account.entries_in_bar, "max_orders_per_bar", "entries in this bar")


def orders_per_day(entry: Entry) -> LimitViolation | None:
    """Too many entries in this session."""
    return _counted(entry, codes.ORDERS_PER_DAY, entry.account.entries_today, "max_orders_per_day", "entries today")


def max_positions(entry: Entry) -> LimitViolation | None:
    """Too many symbols."""
    is_new = entry.standing.held == 0 and entry.standing.pending == 0
    return _counted(entry, codes.POSITIONS, entry.account.positions, "max_positions", "positions") if is_new else None


def _counted(entry: Entry, code: str, count: int, key: str, what: str) -> LimitViolation | None:
    limit = getattr(entry.limits, key)
    if count + 1 <= limit:
        return None
    return violation(entry.order, code, f"there would be {count + 1} {what}, allowed are {limit} ([limits] {key})", count + 1, limit)


def price_band(entry: Entry) -> LimitViolation | None:
    """The limit price is too far on the costly side of the last price."""
    order, last, band = entry.order, entry.standing.price, entry.limits.price_band_pct
    if order.limit_micros is None or (order.limit_micros - last) * order.side.sign <= share(last, band):
        return None
    distance = (order.limit_micros - last) * order.side.sign / last
    side = "above" if order.side.sign > 0 else "below"
    prices = f"limit price {order.limit_price} is {distance:.1%} {side} the last price {from_micros(last)}"
    detail = f"{prices}, allowed is {band:.1%} ([limits] price_band_pct)"
    return violation(order, codes.PRICE_BAND, detail, distance, band)


def market_cap(entry: Entry) -> LimitViolation | None:
    """The company is too small, or its size is not known."""
    key, figure, least = "min_market_cap_dollars", entry.standing.market_cap, entry.limits.min_market_cap_dollars or 0.0
    if figure is None or math.isnan(figure):
        return entry.unknown(codes.MARKET_CAP, "the market capitalisation", key)
    if figure >= least:
        return None
    detail = f"the company is worth {figure:,.0f} dollars, at least {least:,.0f} are asked for ([limits] {key})"
    return violation(entry.order, codes.MARKET_CAP, detail, figure, least)


def average_volume(entry: Entry) -> LimitViolation | None:
    """The symbol trades too little, or how much is not known."""
    key, shares, least = "min_average_volume_shares", entry.standing.average_volume, entry.limits.min_average_volume_shares or 0.0
    if shares is None:
        return entry.unknown(codes.AVERAGE_VOLUME, "the average daily volume", key)
    if shares >= least * MICRO:
        return None
    detail = f"{shares / MICRO:,.0f} shares a day are traded, at least {least:,.0f} are asked for ([limits] {key})"
    return violation(entry.order, codes.AVERAGE_VOLUME, detail, shares / MICRO, least)


def correlation(entry: Entry) -> LimitViolation | None:
    """A holding moves too much like it, or the correlation is not known."""
    figure, most = entry.standing.correlation, entry.limits.max_correlation or 0.0
    if figure is None or math.isnan(figure):
        return entry.unknown(codes.CORRELATION, "the correlation with the holdings", "max_correlation")
    if figure <= most:
        return None
    detail = f"its correlation with a holding is {figure:.2f}, allowed is {most:.2f} ([limits] max_correlation)"
    return violation(entry.order, codes.CORRELATION, detail, figure, most)


def min_order_value(entry: Entry) -> LimitViolation | None:
    """The order is worth too little."""
    least, value = to_micros(entry.limits.min_order_value_dollars or 0.0), notional(entry.order.quantity_micros, entry.price)
    if value >= least:
        return None
    detail = f"worth {value / MICRO:,.2f} dollars, at least {least / MICRO:,.2f} are asked for ([limits] min_order_value_dollars)"
    return violation(entry.order, reasons.MIN_ORDER_VALUE, detail, value / MICRO, least / MICRO)
