"""Numbers and codes as people read them."""

from __future__ import annotations

from types import MappingProxyType

NOT_AVAILABLE = "n/a"
MINUS = "\N{MINUS SIGN}"

#: What each refusal means, by its code; a code that is not here is shown as it is written.
REFUSALS = MappingProxyType(
    {
        # Orders
        "invalid_order": "Not a valid order",
        "order_type_not_supported": "The venue lacks this order type",
        "time_in_force_not_supported": "The venue lacks this time in force",
        "extended_hours_not_supported": "Not possible outside of regular hours",
        "fractional_not_allowed": "Parts of a share not possible here",
        "off_tick": "Price is between two ticks",
        "stop_price_passed": "Stop price has been passed already",
        "nothing_to_protect": "A stop for more shares than are held",
        "no_price": "No price seen yet",
        "short_not_allowed": "Selling shares that are not held",
        "order_type_not_allowed": "Order type not allowed for entries",
        "duplicate_order": "The same order is working already",
        "oco_filled": "The order that was to cancel it has filled",
        "orders_per_bar": "Too many orders at one bar",
        "orders_per_day": "Too many orders in one day",
        "price_band": "Price too far from the last one",
        "market_cap": "Company too small, or its size unknown",
        "average_volume": "Too little of the symbol is traded",
        "correlation_limit": "Moves too much like what is held",
        "max_positions": "Too many positions at once",
        "order_value_below_minimum": "Order worth too little",
        "order_value_above_maximum": "Order worth too much",
        "volume_share": "Too much of the symbol's usual volume",
        "position_limit": "One position would be too large",
        "position_risk_limit": "One position could lose too much at its stop",
        "sector_limit": "One sector would be too large",
        "exposure_limit": "All positions together would be too large",
        "portfolio_heat_limit": "All positions could lose too much at their stops",
        "portfolio_var_limit": "Portfolio VaR would be too high",
        "turnover_limit": "Too much traded in one day",
        "unsettled_cash": "Cash from sales not settled yet",
        "insufficient_buying_power": "Not enough buying power",
        "unprotected": "Position left without its stop",
        # Circuit breakers
        "guard_reducing": "A circuit breaker allows reductions only",
        "guard_halted": "A circuit breaker has stopped trading",
        # Targets and their limit prices
        "order_unsettled": "An older order may still fill",
        "signal_not_a_number": "Signal is not a number",
        "signal_below_threshold": "Signal too weak",
        "kelly_no_edge": "Closed trades show no edge (Kelly)",
        "var_budget": "Portfolio VaR budget used up",
        "total_exposure": "All targets together would be too large",
        "below_minimum_value": "Too small to be worth an order",
        "below_one_lot": "Too small for one share",
        "limit_below_tick": "Limit price would be below one tick",
        "slippage_limit": "Price too far from the reference",
        # Target weights
        "weight_not_a_number": "Target weight is not a number",
        "weights_above_gross_limit": "Target weights add up to too much",
        "no_equity": "No equity to invest",
        "insufficient_cash": "Not enough cash for the target weights",
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


def headline_percent(value: float | None, *, signed: bool = False) -> str:
    """The same; below one percent with two digits: what was lost in two days is no zero."""
    return percent(value, signed=signed, digits=1 if value is None or abs(value) >= 0.01 else 2)


def level(fraction: float) -> str:
    """A confidence or a tail in as many digits as it has: 0.95 -> 95%, 0.975 -> 97.5%."""
    return f"{100.0 * fraction:g}%"


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
