"""How far from the market's price does an order trade? Slippage models; each only ever moves a price against the trader.

The market's price of a bar is taken for the middle of bid and ask. A model gives a distance in micro-dollars, rounded up; it never shrinks
when the quantity grows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from framework.domain.values import MICRO, fraction_up
from framework.errors import ConfigError
from framework.rules.costs.spread import corwin_schultz

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.market import Floats

#: Where a symbol has no history yet it is taken for an illiquid one: 5 % a day, and the order as large as a day's volume.
ASSUMED_VOLATILITY = 0.05
ASSUMED_PARTICIPATION = 1.0


class Liquidity(NamedTuple):
    """What the sessions before a fill say of a symbol; NaN where they say nothing.

    Attributes:
        average_volume: Shares a day.
        volatility: Standard deviation of daily returns (ddof 1), a fraction.
        spread: Estimated bid-ask spread, a fraction of the price.
    """

    average_volume: float
    volatility: float
    spread: float


UNKNOWN = Liquidity(math.nan, math.nan, math.nan)


def liquidity(high: Floats, low: Floats, close: Floats, volume: Floats) -> Liquidity:
    """What a window of sessions says; float64 [T] each, dollars and shares, oldest first."""
    if not len(close):
        return UNKNOWN
    returns = close[1:] / close[:-1] - 1.0
    volatility = float(returns.std(ddof=1)) if len(returns) > 1 else math.nan
    return Liquidity(float(volume.mean()), volatility, corwin_schultz(high, low, close))


class Taking(NamedTuple):
    """What an order takes: ``quantity`` micro-shares where the market is at ``price`` micro-dollars, at ``timestamp`` (ns UTC)."""

    price: int
    quantity: int
    order_type: str
    timestamp: int


class SlippageModel(Protocol):
    """A way prices move against the trader."""

    @property
    def sessions(self) -> int:
        """Completed sessions whose liquidity it asks for; 0 where it asks for none."""

    def distance(self, taking: Taking, known: Liquidity) -> int:
        """How far from the market's price, micro-dollars a share, not negative."""


def slipped(price: int, sign: int, distance: int) -> int:
    """``price`` moved against the trader by ``distance`` micro-dollars; never below 1. ``sign`` +1 for a buy, -1 for a sell."""
    return max(price + sign * distance, 1)


def share_of(price: int, rate: float) -> int:
    """``rate`` of ``price``, all of it at most; rounded up, to a millionth first, then to a micro-dollar."""
    return fraction_up(price, in_millionths(rate))


def in_millionths(rate: float) -> int:
    """``rate``, at most 1, in millionths, rounded up."""
    # What a float adds beyond the ninth place is no rate anybody meant.
    return math.ceil(round(min(rate, 1.0) * MICRO, 3))


@dataclass(frozen=True, slots=True)
class BasisPoints:
    """A fixed fraction of the price: ``rate`` 0.0002 is 2 basis points. A half spread known in advance is one."""

    rate: float
    sessions: int = 0

    def distance(self, taking: Taking, known: Liquidity) -> int:  # noqa: ARG002 - the rate is what was given
        """The fraction of the price."""
        return share_of(taking.price, self.rate)


#: The market's price itself.
NO_SLIPPAGE = BasisPoints(0.0)


@dataclass(frozen=True, slots=True)
class FixedHalfSpread:
    """``amount`` micro-dollars a share, whatever the price: half of a spread that is a cent wide is 5,000."""

    amount: int
    sessions: int = 0

    def distance(self, taking: Taking, known: Liquidity) -> int:  # noqa: ARG002 - the amount is what was given
        """The amount."""
        return self.amount


@dataclass(frozen=True, slots=True)
class EstimatedHalfSpread:
    """Half of the spread that ``corwin_schultz`` finds in the last ``sessions``; ``rate`` of the price where it finds nothing to go by."""

    sessions: int
    rate: float

    def distance(self, taking: Taking, known: Liquidity) -> int:
        """Half the spread."""
        return share_of(taking.price, self.rate if math.isnan(known.spread) else known.spread / 2.0)


def square_root_impact(quantity: int, known: Liquidity) -> float:
    """Daily volatility times the square root of the order's share of a day's volume: the impact of an order with coefficient 1.

    The square-root law: Torre, "BARRA Market Impact Model Handbook" (1997). Almgren, Thum, Hauptmann and Li, "Direct Estimation of Equity
    Market Impact" (2005), find the power 3/5; Toth et al., "Anomalous Price Impact and the Critical Nature of Liquidity in Financial
    Markets", Physical Review X 1 (2011), a coefficient of about 1. A symbol whose volume or volatility is not known is taken for illiquid.
    """
    volatility = ASSUMED_VOLATILITY if math.isnan(known.volatility) else known.volatility
    share = quantity / MICRO / known.average_volume if known.average_volume > 0.0 else ASSUMED_PARTICIPATION
    return volatility * math.sqrt(share)


@dataclass(frozen=True, slots=True)
class SquareRootImpact:
    """``half_spread`` plus ``coefficient`` times the square-root impact of the fill, from the last ``sessions``."""

    half_spread: SlippageModel
    coefficient: float
    sessions: int

    def distance(self, taking: Taking, known: Liquidity) -> int:
        """Half spread and impact, each rounded up."""
        impact = self.coefficient * square_root_impact(taking.quantity, known)
        return self.half_spread.distance(taking, known) + share_of(taking.price, impact)


class FittedRow(NamedTuple):
    """Parameters for an order type and an hour of the day; ``None`` stands for any.

    ``intercept`` is a fraction of the price, ``impact`` the coefficient of the square-root impact; neither is negative.
    """

    intercept: float
    impact: float
    order_type: str | None = None
    hour: int | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """Parameters fitted to one's own fills. The row for order type and hour goes before that for the type, then that for the hour.

    Attributes:
        rows: No two of them for the same case; one is for any type and any hour.
        hour_of: The hour of the exchange's day at a time in ns UTC; ``None`` where bars do not tell it.
        sessions: Completed sessions behind volume and volatility.

    Raises:
        ConfigError: A case is named twice, or no row is for any type and hour.
    """

    rows: tuple[FittedRow, ...]
    hour_of: Callable[[int], int | None]
    sessions: int

    def __post_init__(self) -> None:
        cases = [(row.order_type, row.hour) for row in self.rows]
        twice = next((case for case in cases if cases.count(case) > 1), None)
        if twice is not None:
            order_type, hour = twice
            raise ConfigError(f"two rows are for order_type = {order_type or 'any'} and hour = {'any' if hour is None else hour}; keep one")
        if (None, None) not in cases:
            raise ConfigError("no row is for any order type and any hour; add one without order_type and hour")

    def distance(self, taking: Taking, known: Liquidity) -> int:
        """Intercept and impact of the row that fits best."""
        row = self._row(taking.order_type, self.hour_of(taking.timestamp))
        return share_of(taking.price, row.intercept + row.impact * square_root_impact(taking.quantity, known))

    def _row(self, order_type: str, hour: int | None) -> FittedRow:
        def fit(row: FittedRow) -> tuple[bool, bool]:
            return row.order_type is not None, row.hour is not None

        return max((row for row in self.rows if row.order_type in {None, order_type} and row.hour in {None, hour}), key=fit)
