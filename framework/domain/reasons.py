"""Reason codes of what a venue refuses, and of a position left bare: the same in simulation and live, stable and machine-readable."""

from __future__ import annotations

ORDER_TYPE = "order_type_not_supported"
TIME_IN_FORCE = "time_in_force_not_supported"
EXTENDED_HOURS = "extended_hours_not_supported"
FRACTIONAL = "fractional_not_allowed"
MIN_ORDER_VALUE = "order_value_below_minimum"
OFF_TICK = "off_tick"
STOP_PASSED = "stop_price_passed"
SHORT = "short_not_allowed"
BUYING_POWER = "insufficient_buying_power"
UNPROTECTED = "unprotected"
