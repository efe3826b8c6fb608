"""How much of the best trial is luck: its Sharpe ratio deflated by all there were; how often the best of one half fails in the other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from framework.app.sweeps.plan import Choice, planned
from framework.app.sweeps.sweep import run_plan
from framework.app.sweeps.trials import RETURNS, returns_from
from framework.errors import StrategyError
from framework.research.store import PARAMETER
from framework.rules.inference.deflated import deflated_sharpe, independent_trials
from framework.rules.inference.overfitting import backtest_overfitting
from framework.rules.inference.sharpe import minimum_track_record, probabilistic_sharpe, sharpe_estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from framework.app.sweeps.plan import SweepPlan
    from framework.domain.market import Floats
    from framework.research.ledger import TrialLedger
    from framework.research.trial import Params
    from framework.rules.inference.deflated import DeflatedSharpe
    from framework.rules.inference.overfitting import Overfitting
    from framework.rules.inference.sharpe import SharpeEstimate
    from framework.runtime.config import Config

YEAR = 252.0
DEFAULT_BLOCKS = 16


@dataclass(frozen=True, slots=True, eq=False)
class OverfitAudit:
    """What is left of the best trial.

    Attributes:
        strategy: The class, "module:Class".
        params: The setting with the highest Sharpe ratio.
        estimate: Its daily ratio with the moments of its returns.
        deflated: The probability that the true ratio is above 0, all known trials counted as independent.
        effective: The same with as many trials as the correlation between their returns leaves.
        overfitting: PBO by combinatorially symmetric cross-validation over the trials of this search.
        trials: Trials of this search that ran.
        known: Trials of this strategy over these bars, those of other runs in the ledger too.
        confidence, most: What ``deflated`` must reach, and what PBO may be.
    """

    strategy: str
    params: Params
    estimate: SharpeEstimate
    deflated: DeflatedSharpe
    effective: DeflatedSharpe
    overfitting: Overfitting
    trials: int
    known: int
    confidence: float
    most: float

    @property
    def passed(self) -> bool:
        """Whether both figures are there and good enough."""
        return self.deflated.probability >= self.confidence and self.overfitting.probability <= self.most

    @property
    def summary(self) -> dict[str, object]:
        """What ``onetape audit overfit --json`` prints; ratios are annual, a figure that does not exist is ``None``."""
        root = math.sqrt(YEAR)
        return {
            "strategy": self.strategy,
            "passed": self.passed,
            "params": dict(self.params),
            "trials": self.trials,
            "known_trials": self.known,
            "sharpe": _figure(self.estimate.ratio * root),
            "probabilistic_sharpe": _figure(probabilistic_sharpe(self.estimate).value),
            "expected_best_sharpe": _figure(self.deflated.threshold * root),
            "deflated_sharpe": _figure(self.deflated.probability),
            "effective_trials": _figure(self.effective.trials),
            "deflated_sharpe_effective": _figure(self.effective.probability),
            "minimum_track_record": _figure(minimum_track_record(self.estimate).value),
            "sessions": self.estimate.observations,
            "pbo": _figure(self.overfitting.probability),
            "pbo_loss_probability": _figure(self.overfitting.loss_probability),
            "pbo_degradation": _figure(self.overfitting.degradation),
            "notes": [note for note in (self.deflated.note, self.overfitting.note) if note],
        }


def _figure(value: float) -> float | None:
    return value if math.isfinite(value) else None


def audit_overfit(
    config: str | Path | Config | Mapping[str, object],
    space: Mapping[str, object],
    *,
    where: str | None = None,
    sampler: str = "grid",
    trials: int | None = None,
    seed: int = 0,
    blocks: int = DEFAULT_BLOCKS,
    confidence: float = 0.95,
    most: float = 0.5,
    jobs: int | None = None,
    data: Mapping[str, pd.DataFrame] | None = None,
    beside: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> OverfitAudit:
    """How much of the best Sharpe ratio of a search is luck. Only trials of this search are counted; the command counts all it knows of.

    Args:
        config: As for ``run``.
        space: As for ``sweep``; so are ``where``, ``sampler``, ``trials``, ``seed`` and ``jobs``.
        where: A condition on the parameters.
        sampler: "grid", "random" or "tpe".
        trials: How many, for random and tpe.
        seed: Of random and tpe.
        blocks: Into how many blocks time is cut for PBO; even, 2 to 20.
        confidence: What the deflated Sharpe ratio must reach to pass.
        most: What PBO may be to pass.
        jobs: How many trials run at a time.
        data: As for ``run``.
        beside: As for ``run``.
        on_progress: Called now and then with (trials done, of how many).

    Raises:
        ConfigError: An argument or the config is wrong.
        StrategyError: All trials failed.
        DataError: The data is missing or broken.
    """
    plan = planned(config, space, where, Choice(sampler, trials, seed), frames=data, beside=beside)
    with TemporaryDirectory(prefix="onetape-overfit-") as temporary:
        return overfit(plan, Path(temporary), "processes", jobs, None, on_progress, blocks=blocks, confidence=confidence, most=most)


def overfit(
    plan: SweepPlan,
    folder: Path,
    executor: str,
    jobs: int | None,
    ledger: TrialLedger | None,
    on_progress: Callable[[int, int], None] | None,
    *,
    blocks: int,
    confidence: float,
    most: float,
) -> OverfitAudit:
    """Run what of ``plan`` is not in ``folder`` yet, and judge it; arguments as those of ``audit_overfit`` and ``run_plan``.

    Raises:
        ConfigError: ``folder`` holds something else, or an argument is wrong.
        StrategyError: All trials failed.
    """
    plan = replace(plan, recipe=replace(plan.recipe, keeps_returns=True))
    frame = run_plan(plan, folder, executor, jobs, ledger, on_progress).frame()
    ran = frame[frame["error"].isna()].reset_index(drop=True)
    returns = np.column_stack([returns_from(text) for text in ran[RETURNS]])
    ratios = _ratios(returns)
    if np.isnan(ratios).all():
        raise StrategyError("no trial has a Sharpe ratio: none of them traded; widen --param")
    best = int(np.nanargmax(ratios))
    known = ratios if ledger is None else ledger.sharpes(plan.place, plan.inputs_hash) / math.sqrt(YEAR)
    estimate, seen = sharpe_estimate(returns[:, best]), known[np.isfinite(known)]
    return OverfitAudit(
        strategy=plan.place,
        params={name: kind(ran[PARAMETER + name].iloc[best]) for name, kind in plan.kinds.items()},
        estimate=estimate,
        deflated=deflated_sharpe(estimate, seen, float(len(known))),
        effective=deflated_sharpe(estimate, seen, independent_trials(len(known), _mean_correlation(returns)).value),
        overfitting=backtest_overfitting(returns, blocks),
        trials=len(ran),
        known=len(known),
        confidence=confidence,
        most=most,
    )


def _ratios(returns: Floats) -> Floats:
    """Daily Sharpe ratio of each column; NaN for one that did not vary."""
    spread = returns.std(axis=0, ddof=1)
    found: Floats = np.divide(returns.mean(axis=0), spread, out=np.full(returns.shape[1], np.nan), where=spread > 0.0)
    return found


def _mean_correlation(returns: Floats) -> float:
    """Mean of the correlations between any two columns that vary; 1 where there are no two."""
    varied = returns[:, returns.std(axis=0) > 0.0]
    count = int(varied.shape[1])
    if count < 2:
        return 1.0
    scaled = (varied - varied.mean(axis=0)) / varied.std(axis=0)
    # The sum of all correlations is the variance of the sum of the scaled columns.
    total = float(np.mean(scaled.sum(axis=1) ** 2))
    return min(max((total - count) / (count * (count - 1)), -1.0), 1.0)
