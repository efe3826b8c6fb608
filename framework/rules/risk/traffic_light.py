"""Basel's traffic light: how many violations of VaR are too many?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from framework.rules.risk.backtests import NOT_COMPUTABLE, fault_of_counts


class Zone(StrEnum):
    """Basel's traffic light."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    NONE = NOT_COMPUTABLE


@dataclass(frozen=True, slots=True)
class TrafficLight:
    """Zone, the probability of so many violations or fewer when the model is right, and the add-on to Basel's multiplier of 3.

    ``add_on`` is NaN but for the table's own case, 250 forecasts at 99 %.
    """

    zone: Zone
    cumulative: float
    add_on: float
    note: str = ""


def binomial_cumulative(count: int, observations: int, probability: float) -> float:
    """P(X <= count) of Binomial(observations, probability); NaN where :func:`fault_of_counts` objects."""
    if fault_of_counts(count, observations, probability):
        return math.nan
    ranks = np.arange(1.0, count + 1.0)
    logs = np.concatenate(([0.0], np.cumsum(np.log((observations - ranks + 1.0) / ranks))))
    places = np.arange(count + 1.0)
    terms = logs + places * math.log(probability) + (observations - places) * math.log1p(-probability)
    return min(math.fsum(np.exp(terms).tolist()), 1.0)


def traffic_light(count: int, observations: int = 250, probability: float = 0.01) -> TrafficLight:
    """Basel's zones: yellow from the count whose cumulative probability reaches 95 %, red from 99.99 %.

    Source: Basel Committee, Supervisory framework for the use of "backtesting" (January 1996), table 2: at 250 forecasts and 99 %, green
    0-4, yellow 5-9, red 10 and more, with add-ons 0.40, 0.50, 0.65, 0.75, 0.85, 1.00.
    """
    if fault := fault_of_counts(count, observations, probability):
        return TrafficLight(Zone.NONE, math.nan, math.nan, f"{NOT_COMPUTABLE}: {fault}")
    cumulative = binomial_cumulative(count, observations, probability)
    zone = Zone.RED if cumulative >= 0.9999 else Zone.YELLOW if cumulative >= 0.95 else Zone.GREEN
    if (observations, probability) != (250, 0.01):
        return TrafficLight(zone, cumulative, math.nan)
    add_ons = (0.0, 0.0, 0.0, 0.0, 0.0, 0.40, 0.50, 0.65, 0.75, 0.85, 1.00)
    return TrafficLight(zone, cumulative, add_ons[min(count, 10)])
