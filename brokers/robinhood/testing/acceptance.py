"""What the venue refuses, in its own words where they are known (docs/robinhood.md says which are not)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brokers.robinhood.testing.forms import OrderForm, Refusal
from brokers.robinhood.testing.hours import ALL_DAY, REGULAR, is_trading
from framework.domain.values import MICRO, notional

if TYPE_CHECKING:
    from brokers.robinhood.testing.accounts import Account
    from brokers.robinhood.testing.market import Listing

OUTDATED = "Your app version is missing important stock trading updates. You can still place orders on the web."
DUPLICATE = "Order with this ref_id already exists."
CENT = 10_000
FORCES = ("gfd", "gtc", "ioc", "opg")


@dataclass(frozen=True, slots=True)
class Scene:
    """What an order form is judged by; amounts in micros. ``marks``: it would mark the account as a day trader's."""

    form: OrderForm
    listing: Listing
    account: Account
    buying_power: int
    free_shares: int
    now: int
    marks: bool


def refusal(scene: Scene) -> Refusal | None:
    """The first reason to refuse; ``None`` where there is none."""
    return next((found for check in CHECKS if (found := check(scene)) is not None), None)


def needed(form: OrderForm, last: int) -> int:
    """Micro-dollars to set aside for a buy: at its limit, or at five percent above the last price or its stop."""
    if form.dollars is not None:
        return form.dollars
    limit = collar(last) if form.is_plain_market else form.price or collar(form.stop or last)
    return notional(form.quantity or 0, limit)


def collar(price: int) -> int:
    """Five percent above ``price``, on the tick below."""
    step = tick(price)
    return price * 105 // 100 // step * step


def tick(price: int) -> int:
    """Smallest step of ordinary prices at ``price``."""
    return CENT if price >= MICRO else CENT // 100


def _form_version(scene: Scene) -> Refusal | None:
    return _field("non_field_errors", OUTDATED) if scene.form.version < 2 else None


def _standing(scene: Scene) -> Refusal | None:
    if scene.account.locked or scene.account.deactivated:
        return Refusal(403, {"detail": "Your account is restricted."})
    if scene.account.closing_only and scene.form.is_buy:
        return _detail("Your account is restricted to closing positions.")
    return None


def _listing(scene: Scene) -> Refusal | None:
    listing, form = scene.listing, scene.form
    if form.symbol != listing.symbol:
        return _field("symbol", "Symbol does not match the instrument.")
    if not listing.tradeable or (listing.closing_only and form.is_buy):
        return _detail("This stock is not tradable at this time.")
    if form.hours == ALL_DAY and not listing.overnight:
        return _detail("This stock cannot be traded around the clock.")
    if listing.otc_tier and (form.is_plain_market or form.is_fractional):
        return _detail("Market orders are not supported for over-the-counter stocks.")
    return None


def _terms(scene: Scene) -> Refusal | None:
    form = scene.form
    if form.time_in_force not in FORCES:
        return _detail(f"Invalid time in force {form.time_in_force}.")
    if form.is_plain_market and form.time_in_force == "gtc":
        return _field("non_field_errors", "Invalid Good Til Canceled order.")
    if not form.agreed_hours:
        return _field("non_field_errors", "Extended hours and market hours mismatch.")
    if form.dollars is not None and not form.is_plain_market:
        return _detail("Dollar-based orders must be market orders.")
    if form.hours != REGULAR and (form.type != "limit" or form.trigger != "immediate"):
        return _detail("Only limit orders can be placed outside of regular hours.")
    return None


def _prices(scene: Scene) -> Refusal | None:
    form = scene.form
    if form.is_plain_market and form.is_buy and form.price is None and form.dollars is None:
        return _detail("Market buy order requested, but no price provided.")
    if form.type == "limit" and form.price is None:
        return _field("price", "This field is required.")
    if form.trigger == "stop" and form.stop is None:
        return _field("stop_price", "This field is required.")
    if form.peg is not None and form.type == "limit":
        return _detail("Trailing stop limit orders not supported.")
    return None


def _ticks(scene: Scene) -> Refusal | None:
    for price in (scene.form.price, scene.form.stop):
        if price is not None and price % tick(price):
            return _detail("Prices above $1.00 can't have subpenny increments.")
        if price is not None and scene.listing.min_tick and price % scene.listing.min_tick:
            return _detail("Price does not satisfy the min tick value.")
    return None


def _fractions(scene: Scene) -> Refusal | None:
    form, listing = scene.form, scene.listing
    if not form.is_fractional:
        return None
    if form.trigger == "stop":
        return _detail("Order quantity cannot include fractional shares.")
    if form.hours != REGULAR:
        return _detail("Limit order quantity cannot include fractional shares.")
    if form.time_in_force != "gfd":
        return _detail("invalid time in force for fractional order.")
    if listing.fractional == "untradable" or (listing.fractional != "tradable" and form.is_buy):
        return _detail("Order quantity cannot include fractional shares.")
    return _smallest(scene)


def _smallest(scene: Scene) -> Refusal | None:
    form, last = scene.form, scene.listing.quote.last
    if form.dollars is not None and not is_trading(scene.now, REGULAR):
        return Refusal(500, "<h1>Server Error (500)</h1>")
    worth = form.dollars if form.dollars is not None else notional(form.quantity or 0, form.price or last)
    closes_all = not form.is_buy and form.quantity == scene.free_shares
    return None if worth >= MICRO or closes_all else _detail("Order must be at least $1.00.")


def _passed_stop(scene: Scene) -> Refusal | None:
    form, last = scene.form, scene.listing.quote.last
    if form.trigger != "stop" or form.stop is None:
        return None
    passed = form.stop <= last if form.is_buy else form.stop >= last
    return _detail("Stop price has already been reached.") if passed else None


def _day_trade(scene: Scene) -> Refusal | None:
    return _detail("Sell may cause PDT designation.") if scene.marks and not scene.form.overrides_day_trades else None


def _means(scene: Scene) -> Refusal | None:
    form = scene.form
    if form.is_buy:
        cost = needed(form, scene.listing.quote.last)
        return _detail("Not enough buying power.") if cost > scene.buying_power else None
    wanted = form.quantity if form.quantity is not None else (form.dollars or 0) * MICRO // scene.listing.quote.last
    return _detail("Not enough shares to sell.") if wanted > scene.free_shares else None


CHECKS = (_form_version, _standing, _listing, _terms, _prices, _ticks, _fractions, _passed_stop, _day_trade, _means)


def _detail(text: str) -> Refusal:
    return Refusal(400, {"detail": text})


def _field(name: str, text: str) -> Refusal:
    return Refusal(400, {name: [text]})
