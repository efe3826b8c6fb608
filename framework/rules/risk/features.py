"""The registered risk features: causal columns of VaR and CVaR for strategies and sizers, by name."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from framework.errors import ConfigError
from framework.rules.risk.horizon import compounded
from framework.rules.risk.panel import historical_row, rolling_historical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.market import Floats

#: Daily returns in a window: one year.
LOOKBACK = 252


class RiskFeature(NamedTuple):
    """What a feature measures: VaR or (``tail_mean``) CVaR at ``confidence`` over ``days`` days, historical simulation, linear quantile."""

    confidence: float
    days: int
    tail_mean: bool


FEATURES: Mapping[str, RiskFeature] = MappingProxyType(
    {
        "var_95_1d": RiskFeature(0.95, 1, tail_mean=False),
        "cvar_95_1d": RiskFeature(0.95, 1, tail_mean=True),
        "var_99_1d": RiskFeature(0.99, 1, tail_mean=False),
        "cvar_99_1d": RiskFeature(0.99, 1, tail_mean=True),
        "var_95_10d": RiskFeature(0.95, 10, tail_mean=False),
        "cvar_95_10d": RiskFeature(0.95, 10, tail_mean=True),
        "var_99_10d": RiskFeature(0.99, 10, tail_mean=False),
        "cvar_99_10d": RiskFeature(0.99, 10, tail_mean=True),
    }
)


def _feature(name: str) -> RiskFeature:
    if name not in FEATURES:
        raise ConfigError(f"there is no risk feature {name!r}; choose one of {', '.join(FEATURES)}")
    return FEATURES[name]


def risk_feature(name: str, returns: Floats, lookback: int = LOOKBACK) -> Floats:
    """The feature ``name`` as a column [T] or panel [T, N] of the shape of ``returns``; losses positive, fractions of value.

    Row t uses the ``lookback`` daily returns up to t and no later one; a horizon of h days takes the lookback - h + 1 overlapping periods
    among them. NaN until the lookback is full, wherever an unusable return lies in it, and when it is too short for the confidence.

    Raises:
        ConfigError: There is no such feature.
    """
    feature = _feature(name)
    periods = compounded(returns, feature.days)
    return rolling_historical(periods, lookback - feature.days + 1, feature.confidence)[int(feature.tail_mean)]


def latest_feature(name: str, window: Floats) -> float:
    """The last row of :func:`risk_feature` for one symbol, bit for bit, from its last ``LOOKBACK`` daily returns [T]; NaN with fewer.

    Raises:
        ConfigError: There is no such feature.
    """
    feature = _feature(name)
    if len(window) < LOOKBACK:
        return math.nan
    periods = compounded(window[-LOOKBACK:], feature.days)[feature.days - 1 :]
    return float(historical_row(periods[:, None], feature.confidence)[int(feature.tail_mean)][0])
