"""An order form as it was posted, read field by field the way the venue's validation does."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from brokers.robinhood.testing.amounts import micros
from brokers.robinhood.testing.hours import ALL_DAY, EXTENDED, REGULAR

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED = ("account", "instrument", "symbol", "side", "type", "time_in_force", "trigger")
NUMBERS = ("quantity", "price", "stop_price")
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "side": ("buy", "sell"),
        "type": ("market", "limit"),
        "trigger": ("immediate", "stop"),
        "market_hours": (REGULAR, EXTENDED, ALL_DAY),
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The venue's no: an HTTP status and a JSON body, or text of a page."""

    status: int
    body: Mapping[str, Any] | str


@dataclass(frozen=True, slots=True)
class OrderForm:
    """What was asked for; amounts in micros."""

    account: str
    instrument: str
    symbol: str
    side: str
    type: str
    trigger: str
    time_in_force: str
    hours: str
    quantity: int | None
    price: int | None
    stop: int | None
    peg: Mapping[str, Any] | None
    dollars: int | None
    ref_id: str | None
    version: int
    agreed_hours: bool
    overrides_day_trades: bool

    @property
    def is_buy(self) -> bool:
        """Whether shares are bought."""
        return self.side == "buy"

    @property
    def is_fractional(self) -> bool:
        """Whether it is about parts of a share."""
        return self.dollars is not None or (self.quantity or 0) % 1_000_000 != 0

    @property
    def is_plain_market(self) -> bool:
        """Whether it is to trade now at any price."""
        return self.type == "market" and self.trigger == "immediate"


def read_form(fields: Mapping[str, Any]) -> OrderForm | Refusal:
    """The form, or what is wrong with its fields."""
    found = {name: errors for name in (*REQUIRED, *NUMBERS, *CHOICES) if (errors := _errors(name, fields))}
    dollars = _dollars(fields)
    if dollars is None and not fields.get("quantity"):
        found["quantity"] = ["This field is required."]
    if dollars is not None and (dollars <= 0 or fields.get("quantity")):
        found["dollar_based_amount"] = ["Give a quantity or an amount above 0 of dollars."]
    if found:
        return Refusal(400, found)
    extended = str(fields.get("extended_hours", "")).lower() == "true"
    hours = str(fields.get("market_hours") or (EXTENDED if extended else REGULAR))
    return OrderForm(
        **{name: str(fields[name]) for name in REQUIRED},
        hours=hours,
        quantity=micros(fields["quantity"]) if dollars is None else None,
        price=micros(fields.get("price")),
        stop=micros(fields.get("stop_price")),
        peg=fields.get("trailing_peg") or None,
        dollars=dollars,
        ref_id=str(fields["ref_id"]) if fields.get("ref_id") else None,
        version=_whole(fields.get("order_form_version")),
        agreed_hours="extended_hours" not in fields or extended == (hours != REGULAR),
        overrides_day_trades=str(fields.get("override_day_trade_checks", "")).lower() == "true",
    )


def _errors(name: str, fields: Mapping[str, Any]) -> list[str]:
    given = fields.get(name)
    if given in (None, ""):
        return ["This field is required."] if name in REQUIRED else []
    if name in NUMBERS and (amount := micros(given)) is None:
        return ["A valid number is required."]
    if name in NUMBERS and amount is not None and amount <= 0:
        return ["Ensure this value is greater than 0."]
    if name in CHOICES and given not in CHOICES[name]:
        return [f'"{given}" is not a valid choice.']
    return []


def _dollars(fields: Mapping[str, Any]) -> int | None:
    given = fields.get("dollar_based_amount")
    return micros(given.get("amount")) if isinstance(given, dict) else None


def _whole(given: object) -> int:
    text = str(given)
    return int(text) if text.isdecimal() else 0
