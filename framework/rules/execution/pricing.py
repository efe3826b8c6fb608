"""At what price is an order sent, and is that price still sane?

Prices are micro-dollars; ``sign`` is +1 for a buy and -1 for a sell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from framework.domain.fill import Refusal
from framework.domain.values import MICRO, from_micros, to_micros
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.order import OrderSide
    from framework.domain.venue import Capabilities

BPS = "bps"
ABSOLUTE = "absolute"

NO_REFERENCE = "no_price"
BELOW_TICK = "limit_below_tick"
SLIPPAGE = "slippage_limit"


@dataclass(frozen=True, slots=True)
class OffsetPolicy:
    """How far from the reference price a limit is set, and how far at most.

    An offset above 0 moves the limit towards the fill (a buy above the reference, a sell below), one below 0 away from it.

    Attributes:
        offset_mode: ``bps`` (offsets in hundredths of a percent: 10 is 0.1 %) or ``absolute`` (in dollars a share).
        buy_offset: Offset of a buy.
        sell_offset: Offset of a sell.
        max_slippage_pct: Largest disadvantage against the reference price, as a fraction of it (0.01 is 1 %); ``None`` turns the guard off.

    Raises:
        ConfigError: A value is out of range.
    """

    offset_mode: str = BPS
    buy_offset: float = 10.0
    sell_offset: float = 10.0
    max_slippage_pct: float | None = 0.01

    def __post_init__(self) -> None:
        if self.offset_mode not in {BPS, ABSOLUTE}:
            raise ConfigError(f"[orders] offset_mode = {self.offset_mode!r} is not known; choose {BPS} or {ABSOLUTE}")
        for name in ("buy_offset", "sell_offset"):
            value = getattr(self, name)
            if not abs(value) < 10_000.0:
                raise ConfigError(f"[orders] {name} = {value}; it must be a number between -10000 and 10000 ({self.offset_mode})")
        if self.max_slippage_pct is not None and not 0.0 <= self.max_slippage_pct <= 1.0:
            raise ConfigError(f"[orders] max_slippage_pct = {self.max_slippage_pct}; it is a fraction from 0 to 1 (0.01 is 1 %)")


class OffsetOverride(TypedDict, total=False):
    """What a strategy sets differently; the rest is that of the general policy."""

    offset_mode: str
    buy_offset: float
    sell_offset: float
    max_slippage_pct: float | None


def offsets_for(strategy: str, general: OffsetPolicy, overrides: Mapping[str, OffsetOverride]) -> OffsetPolicy:
    """The policy of ``strategy``: the general one, with the keys it overrides."""
    return replace(general, **overrides.get(strategy, {}))


def limit_price(sign: int, reference: int, rate: int, amount: int, tick: int) -> int:
    """``reference`` moved towards the fill by ``rate`` (millionths of it) and ``amount``, on the tick in the passive direction.

    A buy is rounded down and a sell up, so that the limit is never worse than the offset says. 0 where no price is left.
    """
    exact, step = reference * (MICRO + sign * rate) + sign * amount * MICRO, tick * MICRO
    steps = exact // step if sign > 0 else -(-exact // step)
    return max(steps, 0) * tick


def slippage(sign: int, reference: int, price: int) -> float:
    """How much worse than ``reference`` (> 0) ``price`` is for the trader, as a fraction of it; negative where it is better."""
    return sign * (price - reference) / reference


def priced(
    timestamp: int, symbol: str, side: OrderSide, reference: int, last: int, venue: Capabilities, policy: OffsetPolicy
) -> tuple[int, Refusal | None]:
    """The limit price of an order, or (0, refusal).

    Refused when there is no reference price, when no tick of the venue is left, and when the limit or the market stands further
    against the trader than ``max_slippage_pct`` of the reference.

    Args:
        timestamp: Time of the decision, ns UTC.
        symbol: What is traded.
        side: Buy or sell.
        reference: The price the decision was made at.
        last: The last quote, 0 when there is none.
        venue: Whose ticks are used.
        policy: Offsets and guard.
    """
    if reference <= 0:
        return 0, Refusal(timestamp, symbol, NO_REFERENCE, f"{side} {symbol}: no reference price has been seen yet")
    given = policy.buy_offset if side.sign > 0 else policy.sell_offset
    rate, amount = (to_micros(given / 10_000), 0) if policy.offset_mode == BPS else (0, to_micros(given))
    # The tick is that of the price where the limit lands: it changes at one dollar.
    landing = limit_price(side.sign, reference, rate, amount, 1)
    limit = limit_price(side.sign, reference, rate, amount, venue.tick_micros(landing))
    if limit == 0:
        detail = (
            f"{side} {symbol}: an offset of {given:g} {policy.offset_mode} from {from_micros(reference)} leaves no price of a tick or more"
        )
        return 0, Refusal(timestamp, symbol, BELOW_TICK, detail, landing / MICRO, venue.tick_micros(landing) / MICRO)
    refusal = _slipped_too_far(timestamp, symbol, side, reference, limit, last, policy.max_slippage_pct)
    return (limit, None) if refusal is None else (0, refusal)


def _slipped_too_far(
    timestamp: int, symbol: str, side: OrderSide, reference: int, limit: int, last: int, allowed: float | None
) -> Refusal | None:
    by_limit, by_market = (slippage(side.sign, reference, price) for price in (limit, last if last > 0 else reference))
    figure = max(by_limit, by_market)
    if allowed is None or figure <= allowed:
        return None
    what = f"the limit {from_micros(limit)}" if by_limit >= by_market else f"the last quote {from_micros(last)}"
    detail = f"{what} is {figure:.2%} worse than the reference {from_micros(reference)} ([orders] max_slippage_pct = {allowed:g})"
    return Refusal(timestamp, symbol, SLIPPAGE, f"{side} {symbol}: {detail}", figure, allowed)
