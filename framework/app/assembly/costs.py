"""From the config's costs to the models that charge them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from framework.domain.values import to_micros
from framework.rules.costs.fees import FREE, Bounded, FeeSchedule, Percent, PerOrder, PerShare, Tiered, Together
from framework.rules.costs.regulatory import VENUES, RegulatoryFees
from framework.rules.costs.slippage import NO_SLIPPAGE, BasisPoints, EstimatedHalfSpread, FixedHalfSpread, SlippageModel, SquareRootImpact
from framework.runtime.fitted_slippage import fitted_slippage

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.runtime.config import Config
    from framework.runtime.cost_config import Fees, Slippage


def fee_schedule(config: Config) -> FeeSchedule:
    """What an order is charged."""
    section = config.fills.fees
    if section == "venue":
        return VENUES[config.broker.name]
    return FREE if section == "none" else _commission(section)


def _commission(section: Fees) -> FeeSchedule:
    tiers = tuple((to_micros(shares), to_micros(each)) for shares, each in section.tiers)
    parts = (
        PerOrder(to_micros(section.per_order)),
        Tiered(tiers) if tiers else PerShare(to_micros(section.per_share)),
        Percent(to_micros(section.rate)),
    )
    most = None if section.max_rate is None else to_micros(section.max_rate)
    commission = Bounded(Together(parts), to_micros(section.minimum), most)
    return Together((commission, RegulatoryFees())) if section.regulatory else commission


def slippage_model(config: Config) -> SlippageModel:
    """How far fills are from the market's price.

    Raises:
        ConfigError: The file of fitted parameters is missing or wrong.
    """
    section = config.fills.slippage
    if section.model == "none":
        return NO_SLIPPAGE
    if section.file is not None:
        return fitted_slippage(section.file, section.sessions, _hours(config))
    half_spread = _half_spread(section)
    return SquareRootImpact(half_spread, section.coefficient, section.sessions) if section.model == "impact" else half_spread


def _half_spread(section: Slippage) -> SlippageModel:
    rate = section.bps / 10_000
    if section.dollars is not None:
        return FixedHalfSpread(to_micros(section.dollars))
    return BasisPoints(rate) if section.estimate is None else EstimatedHalfSpread(section.sessions, rate)


def _hours(config: Config) -> Callable[[int], int | None]:
    """The hour of the exchange's day in which a bar closed; daily bars do not tell when in the day something traded."""
    zone = ZoneInfo(config.data.timezone)

    def hour(timestamp: int) -> int | None:
        # A bar that closes on the hour holds what traded before it.
        return datetime.fromtimestamp((timestamp - 1) // 10**9, UTC).astimezone(zone).hour

    return (lambda _: None) if config.data.resolution == "1d" else hour
