"""Trials of a sweep on the loop are the backtests of their parameters, figure by figure."""

from __future__ import annotations

import numpy as np
import pytest

from framework.app.assembly.assemble import backtest
from framework.app.backtest.compiling import objections
from framework.app.backtest.run import play as run_play
from framework.app.sweeps.cells import cell
from framework.app.sweeps.compiled_trials import CompiledTrials, Kernels, kernels
from framework.app.sweeps.trials import METRICS, with_params
from framework.compiled.changes import changes
from framework.compiled.figures import run_figures
from framework.compiled.loop import play
from framework.engine.strategy import params_of
from framework.report.summary import summarize
from framework.runtime.clock import Stopwatch
from tests.campaigns import size
from tests.compiled.drawn import Case, Drawn, drawn_case

#: The hash has the name of the driver in it; tests/app/test_compiled.py holds it against that of a backtest.
DIFFER = {"engine", "elapsed_seconds", "config_hash"}


def by_events(case: Case, strategy: Drawn) -> dict[str, object]:
    config = with_params(case.config, params_of(strategy))
    config = config.model_copy(update={"engine": config.engine.model_copy(update={"name": "arrays"})})
    summary = summarize(run_play(config, strategy, case.dataset, Stopwatch(), forecasts=False))
    return {name: cell(summary[name]) for name in METRICS}


def compare(numbers: range, machine: Kernels) -> int:
    """How many trials the loop has played, several over the same bars one after the other."""
    played = 0
    for number in numbers:
        case = drawn_case(number)
        if objections(case.config, case.strategy, case.dataset, backtest(case.config, case.strategy, case.dataset)):
            continue
        trials = CompiledTrials(case.config, case.strategy, case.dataset, machine)
        for often in (0.4, 0.02, case.strategy.often):
            strategy = Drawn(seed=number, often=often, long_only=case.strategy.long_only)
            with np.errstate(over="ignore"):  # in int64 some products wrap around, and are meant to
                found = trials.figures(params_of(strategy), trials.wished(params_of(strategy)), Stopwatch())
            if found is None:
                continue
            played += 1
            expected, mine = by_events(case, strategy), found[0]
            differ = {name: (mine[name], expected[name]) for name in METRICS if name not in DIFFER and mine[name] != expected[name]}
            assert not differ, f"case {number}, often {often}: {differ}"
    return played


def test_a_trial_as_it_is_has_the_figures_of_its_backtest():
    assert compare(range(30), Kernels(play, changes, run_figures)) >= 20


@pytest.mark.campaign
def test_a_compiled_trial_has_the_figures_of_its_backtest():
    cases = size(200, 5_000)
    assert compare(range(1_000, 1_000 + cases), kernels()) >= 0.6 * cases
