"""Numbers and codes as people read them."""

from __future__ import annotations

from types import MappingProxyType

NOT_AVAILABLE = "n/a"
MINUS = "\N{MINUS SIGN}"

#: What each refusal means, by its code; a code that is not here is shown as it is written.
REFUSALS = MappingProxyType(
    {
        "no_price": "No price seen yet",
        "order_type_not_supported": "The venue lacks this order type",
        "time_in_force_not_supported": "The venue lacks this time in force",
        "fractional_not_allowed": "Not a multiple of the venue's lot",
        "short_not_allowed": "Selling shares that are not held",
        "nothing_to_protect": "A stop for more shares than are held",
        "position_limit": "One position would be too large",
        "exposure_limit": "All positions together would be too large",
        "insufficient_buying_power": "Not enough buying power",
        "var_unknown": "Too few returns to measure VaR",
        "var_degenerate": "VaR too small to size by",
        "var_budget": "Portfolio VaR budget used up",
        "total_exposure": "All targets together would be too large",
        "below_minimum_value": "Too small to be worth an order",
    }
)


def refusal_name(code: str) -> str:
    """The plain-language name of a refusal code."""
    return REFUSALS.get(code, code.replace("_", " ").capitalize())


def _signed(text: str, value: float, *, signed: bool) -> str:
    """``text`` of |value| with its sign; a value shown as zero has none."""
    if not any(digit in text for digit in "123456789"):
        return text
    if value < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if signed else text


def percent(value: float | None, *, signed: bool = False, digits: int = 1) -> str:
    """A fraction as a percentage: 0.1234 -> 12.3%."""
    return NOT_AVAILABLE if value is None else _signed(f"{abs(value):,.{digits}%}", value, signed=signed)


def money(value: float | None, *, signed: bool = False, digits: int = 0) -> str:
    """Dollars with thousands separators: -1234.5 -> -$1,234 (or 1,235: half to even)."""
    return NOT_AVAILABLE if value is None else _signed(f"${abs(value):,.{digits}f}", value, signed=signed)


def number(value: float | None, *, signed: bool = False, digits: int = 2) -> str:
    """A plain number with thousands separators."""
    return NOT_AVAILABLE if value is None else _signed(f"{abs(value):,.{digits}f}", value, signed=signed)


def count(amount: int, noun: str) -> str:
    """``1 trade``, ``1,204 trades``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def price(value: float) -> str:
    """Dollars a share to the cent, or to a hundredth of one below a dollar."""
    return money(value, digits=2 if value >= 1.0 else 4)


def share(part: float, whole: float, digits: int = 1) -> str:
    """``part`` as a percentage of ``whole``; n/a of nothing."""
    return percent(part / whole, digits=digits) if whole else NOT_AVAILABLE
