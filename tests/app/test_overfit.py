"""``audit overfit``: the figures are those of the rules, fed with the trials that really ran."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from framework import audit_overfit, run, sweep
from framework.app.sweeps.trials import returns_from, returns_of, returns_text
from framework.errors import StrategyError
from framework.rules.inference.deflated import deflated_sharpe
from framework.rules.inference.overfitting import backtest_overfitting
from framework.rules.inference.sharpe import sharpe_estimate
from tests.app.project import call, config, strategy, tree, write

SPACE = {"fast": [2, 4, 8], "slow": [12, 24]}

#: Buys or not by a hash of day and parameter: worth nothing, whatever the parameter.
NOISE = """\
seed: int = 0
def signals(self, bars):
    from hashlib import blake2b
    days = [blake2b(f"{self.seed}-{time}".encode()).digest()[0] for time in bars.timestamp]
    return np.repeat((np.array(days) > 127).astype(float)[:, None], bars.close.shape[1], axis=1)
"""


def test_the_figures_are_those_of_the_trials():
    found = audit_overfit(tree(), SPACE, blocks=4, jobs=1)
    trials = sweep(tree(), SPACE, jobs=1).trials
    columns = []
    for row in trials.to_dict("records"):
        params = {"fast": row["params_fast"], "slow": row["params_slow"]}
        columns.append(returns_of(run(tree(strategy={"params": params})).record))
    returns = np.column_stack(columns)
    best = int(trials["sharpe"].to_numpy().argmax())
    assert found.params == {"fast": trials["params_fast"][best], "slow": trials["params_slow"][best]}
    assert found.estimate == sharpe_estimate(returns[:, best])
    ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    assert found.deflated == deflated_sharpe(found.estimate, ratios, 6.0)
    assert found.deflated.trials == found.known == found.trials == 6
    assert found.overfitting.probability == backtest_overfitting(returns, 4).probability
    assert found.summary["sharpe"] == pytest.approx(trials["sharpe"].max())
    rho = np.corrcoef(returns.T)[np.triu_indices(6, 1)].mean()
    assert found.effective.trials == pytest.approx(rho + (1.0 - rho) * 6)


def test_trials_of_other_runs_in_the_ledger_count(folder):
    write(config(), folder)
    call("backtest", "--json")  # fast = 5, slow = 20
    told = json.loads(call("audit", "overfit", "-p", "fast=2,4", "-p", "slow=12", "--blocks", "4", "-j", "1", "--json").out)
    assert (told["trials"], told["known_trials"]) == (2, 3)
    again = json.loads(call("audit", "overfit", "-p", "fast=2,4", "-p", "slow=12", "--blocks", "4", "-j", "1", "--json").out)
    assert again == told
    assert [place.name[:17] for place in (folder / "runs").glob("overfit-*")] == ["overfit-SmaCross-"]


@pytest.mark.slow
def test_what_is_worth_nothing_does_not_pass(folder):
    write(strategy(NOISE, "SignalStrategy", universe={"symbols": ["IBM"]}), folder)
    code, out, err = call("audit", "overfit", "-p", "seed=1:20", "--blocks", "8", "-j", "1")
    assert (code, err) == (1, "")
    assert "mine:Mine(seed=" in out.splitlines()[0]
    assert out.splitlines()[-1] == "not passed: what was chosen may be luck"
    loose = ("--confidence", "0", "--most-pbo", "1", "--quiet")
    assert call("audit", "overfit", "-p", "seed=1:20", "--blocks", "8", "-j", "1", *loose) == (0, "", "")


def test_a_search_in_which_nothing_trades_has_no_best(folder):
    write(strategy("fast: int = 1\ndef on_bar(self, ctx): ..."), folder)
    with pytest.raises(StrategyError, match="no trial has a Sharpe ratio"):
        audit_overfit(folder / "onetape.toml", {"fast": [1, 2]}, jobs=1)


def test_what_has_no_answer_is_said_and_does_not_pass(folder):
    write(config(), folder)
    code, out, _ = call("audit", "overfit", "-p", "fast=2", "-j", "1")
    assert code == 1
    assert "1 trials; at least 2 are needed to choose from" in out


def test_returns_keep_every_bit():
    returns = np.array([0.1, -1.0 / 3.0, 1e-300, 0.0])
    assert np.array_equal(returns_from(returns_text(returns)), returns)


def test_a_sharpe_ratio_is_shown_with_the_trials_behind_it(folder):
    write(config(), folder)
    assert "trials)" not in call("backtest").out  # the first is not one of many
    write(config(strategy={"params": {"fast": 6, "slow": 20}}), folder)
    out = call("backtest", "--strategy", "strategies.sma_cross:SmaCross").out
    assert re.search(r"Sharpe ratio\s*│ -?[\d.]+ \(one of 2 trials\)", out)
    page = Path(re.search(r"report: (\S+)", out)[1]).read_text(encoding="utf-8")
    assert "Sharpe ratio, one of 2 trials" in page
