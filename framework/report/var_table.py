"""The table under the VaR figure: both forecasts, how far they differ, and what the back-tests say of each."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.report import shortfall_check
from framework.report.dates import iso_dates, session_days
from framework.report.wording import NOT_AVAILABLE, count, level, number, percent, share
from framework.rules.risk.backtests import christoffersen_independence, combined, kupiec, transitions
from framework.rules.risk.traffic_light import Zone, traffic_light

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.report.shortfall_check import ShortfallCheck, Verdict
    from framework.report.var_check import VarCheck, VarChecks, VarComparison
    from framework.rules.risk.backtests import LikelihoodRatio

#: Forecasts Basel's traffic light looks back on: about a year.
WINDOW = 250

_ZONES = MappingProxyType(
    {
        Zone.GREEN: "no more than chance explains",
        Zone.YELLOW: "a right forecast seldom has so many: doubtful",
        Zone.RED: "a right forecast practically never has so many: do not rely on it",
    }
)


class Answer(NamedTuple):
    """A cell: the figure, what it says in words, and the colour of the traffic light (empty elsewhere)."""

    value: str
    says: str = ""
    light: str = ""


class RiskRow(NamedTuple):
    """A row: the same question put to the sum of the positions' VaR and to the joint figure."""

    name: str
    total: Answer
    joint: Answer
    definition: str


def risk_rows(checks: VarChecks) -> list[RiskRow]:
    """The table's rows; empty when neither forecast was ever above zero."""
    if checks.total.made == 0 and checks.joint.made == 0:
        return []
    compared = [] if checks.comparison is None else _compared(checks.comparison)
    asked: tuple[tuple[str, Callable[[VarCheck], Answer], str], ...] = (
        ("Forecasts checked", _forecasts, "Sessions that ended with positions and had a next session"),
        ("Larger losses", _violations, f"Losses above the forecast, and what a right {level(checks.total.confidence)} forecast leaves"),
        ("Their number", _coverage, "Kupiec's test: are there as many as promised? Rejected at p below 0.05"),
        (
            "Their spacing",
            _independence,
            "Christoffersen's independence test: do they follow one another? Sessions without positions are skipped",
        ),
        ("Number and spacing", _conditional, "Christoffersen's conditional coverage: both questions at once"),
        ("Traffic light", _light, f"Basel's zones by probability (yellow from 95%, red from 99.99%), last {WINDOW} forecasts"),
    )
    rows = [RiskRow(name, _put(answer, checks.total), _put(answer, checks.joint), what) for name, answer, what in asked]
    return compared + rows + _shortfall(checks)


def _put(question: Callable[[VarCheck], Answer], check: VarCheck) -> Answer:
    return question(check) if check.made else Answer(NOT_AVAILABLE)


def _shortfall(checks: VarChecks) -> list[RiskRow]:
    """What expected shortfall said of the losses beyond VaR."""
    made = {check.made for check in (checks.total, checks.joint)}
    nulls = {count: shortfall_check.right_forecasts(count, checks.total.confidence) for count in made}
    total, joint = (shortfall_check.judge(check, nulls[check.made]) for check in (checks.total, checks.joint))
    rejects = f"Rejected at p below 0.05; by simulation of {shortfall_check.HISTORIES:,} right forecasts with Student-t({{:.0f}}) returns"
    asked: tuple[tuple[str, Callable[[ShortfallCheck], Answer], str], ...] = (
        ("Mean larger loss", _mean_loss, "Of the losses above VaR; beside it what expected shortfall forecast for those sessions"),
        ("Size of larger losses", _size, f"Acerbi and Szekely's Z1: 0 when as forecast. {rejects.format(shortfall_check.FREEDOM)}"),
        ("Number and size", _number_and_size, "Acerbi and Szekely's Z2: 0 when both are as forecast, negative when worse, at most 1"),
    )
    return [RiskRow(name, answer(total), answer(joint), what) for name, answer, what in asked]


def _mean_loss(found: ShortfallCheck) -> Answer:
    if found.forecasts == 0:
        return Answer(NOT_AVAILABLE)
    if math.isnan(found.mean_loss):
        return Answer("none", "no loss was above its VaR")
    return Answer(percent(found.mean_loss, digits=2), f"{percent(found.mean_forecast, digits=2)} was forecast")


def _size(found: ShortfallCheck) -> Answer:
    return _judged("Z1", found.z1, "larger than forecast: shortfall was too low", "as large as forecast")


def _number_and_size(found: ShortfallCheck) -> Answer:
    return _judged("Z2", found.z2, "worse than forecast: shortfall was too low", "no worse than forecast")


def _judged(name: str, found: Verdict, rejected: str, accepted: str) -> Answer:
    if math.isnan(found.statistic):
        return Answer("not computable", found.note) if found.note else Answer(NOT_AVAILABLE)
    return Answer(f"{name} {number(found.statistic)}, {_chance(found.p_value)}", rejected if found.rejected else accepted)


def _chance(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def comparison_sentence(checks: VarChecks) -> str:
    """Whether the sum was the larger figure, as one likes to assume; empty where the two cannot be compared."""
    compared = checks.comparison
    if compared is None:
        return ""
    if compared.above == 0:
        return "The joint figure was never above the sum of the positions' VaR; the difference is what diversification is worth."
    was = f"{compared.above:,} of {count(compared.sessions, 'session')} ({share(compared.above, compared.sessions)})"
    return f"In {was} the joint figure was above the sum of the positions' VaR: VaR is not subadditive, so the sum is no upper bound."


def _compared(compared: VarComparison) -> list[RiskRow]:
    date = iso_dates(session_days(np.array([compared.last_at])))[0]
    above = Answer(share(compared.above, compared.sessions), f"{compared.above:,} of {count(compared.sessions, 'session')}")
    return [
        RiskRow("Mean forecast", _loss(compared.mean_total), _loss(compared.mean_joint), "Of equity, over all sessions that have both"),
        RiskRow("Last forecast", _loss(compared.last_total), _loss(compared.last_joint), f"Of equity, on {date}, the last with positions"),
        RiskRow("Joint above the sum", Answer(""), above, "0% if diversification always helped"),
    ]


def _loss(value: float) -> Answer:
    return Answer(percent(value, digits=2))


def _forecasts(check: VarCheck) -> Answer:
    return Answer(f"{check.made:,}")


def _violations(check: VarCheck) -> Answer:
    return Answer(f"{check.violated.size:,}", f"{number(check.expected, digits=1)} expected")


def _statistic(test: LikelihoodRatio, rejected: str, accepted: str) -> Answer:
    if not test.computable:
        return Answer("not computable", test.note.removeprefix("not computable: "))
    return Answer(f"LR {number(test.statistic)}, {_chance(test.p_value)}", rejected if test.rejected() else accepted)


def _coverage_test(check: VarCheck) -> LikelihoodRatio:
    return kupiec(check.violated.size, check.made, check.tail)


def _coverage(check: VarCheck) -> Answer:
    too_many = check.violated.size > check.expected
    rejected = "too many: the forecast was too low" if too_many else "too few: the forecast was too high"
    return _statistic(_coverage_test(check), rejected, "within what chance allows")


def _independence(check: VarCheck) -> Answer:
    table = transitions(check.hits)
    clustered = table.n11 * (table.n00 + table.n01) > table.n01 * (table.n10 + table.n11)
    rejected = "they come in clusters: slow to see a storm" if clustered else "they avoid one another"
    return _statistic(christoffersen_independence(check.hits), rejected, "no sign of clusters")


def _conditional(check: VarCheck) -> Answer:
    test = combined(_coverage_test(check), christoffersen_independence(check.hits))
    return _statistic(test, "not those of a right forecast", "those of a right forecast")


def _light(check: VarCheck) -> Answer:
    recent = check.hits[-WINDOW:]
    seen = int(np.count_nonzero(recent))
    found = traffic_light(seen, recent.size, check.tail)
    return Answer(f"{found.zone}: {seen} of {recent.size}", _ZONES.get(found.zone, found.note), found.zone.name.lower())
