"""``walkforward``: each choice is the sweep's own on its stretch, each test the run's own on the next."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date

import numpy as np
import pandas as pd
import pytest

from framework import Cutting, run, sweep, walkforward
from framework.errors import StrategyError
from tests.app.project import call, config, strategy, tree, write

SPACE = {"fast": [3, 8], "slow": [15, 25]}
WHOLE = {"start": date(2006, 1, 3), "end": date(2006, 12, 29)}


def test_a_choice_is_the_best_of_its_stretch_and_its_test_a_run_over_the_next():
    found = walkforward(tree(data=WHOLE), SPACE, Cutting("rolling", folds=2, train=120), jobs=1)
    assert [fold.train[0][0] for fold in found.folds] < [fold.test[0] for fold in found.folds]
    for fold in found.folds:
        ((start, end),) = fold.train
        learned = sweep(tree(data={"start": start, "end": end}), SPACE, jobs=1)
        assert fold.params == learned.best[0]["params"]
        assert fold.chosen == learned.best[0]["sharpe"]
        alone = run(tree(data={"start": fold.test[0], "end": fold.test[1]}, strategy={"params": dict(fold.params)}))
        for name in ("decisions_hash", "sharpe", "total_return", "trades"):
            assert fold.summary[name] == alone.summary[name]
    first, second = found.folds
    assert first.train[0][1] < first.test[0] <= first.test[1] < second.test[0]
    growth = np.prod([1.0 + fold.summary["total_return"] for fold in found.folds]) - 1.0
    assert found.summary["total_return"] == pytest.approx(growth)
    sessions = [len(run(tree(data={"start": fold.test[0], "end": fold.test[1]})).equity) for fold in found.folds]
    assert found.summary["sessions"] == len(found.returns) == sum(sessions) - 1  # no session between two tests is lost
    assert found.returns[sessions[0] - 1] == 0.0  # the second test begins flat
    assert found.summary["cagr"] == pytest.approx((1.0 + growth) ** (252 / (sum(sessions) - 1)) - 1.0)
    assert found.summary["trials"] == 8


def test_purged_chooses_by_both_sides_weighted_by_their_sessions():
    found = walkforward(tree(data=WHOLE), SPACE, Cutting("purged", folds=3, purge=5, embargo=5), objective="max:total_return", jobs=1)
    middle = found.folds[1]
    assert len(middle.train) == 2
    tables = [sweep(tree(data={"start": start, "end": end}), SPACE, jobs=1).trials for start, end in middle.train]
    sessions = [len(pd.bdate_range(start, end)) for start, end in middle.train]
    assert sessions[0] == pytest.approx(sessions[1], abs=12)
    means = sum(table["total_return"] * count for table, count in zip(tables, sessions, strict=True)) / sum(sessions)
    best = tables[0].loc[means.idxmax()]
    assert middle.params == {"fast": best["params_fast"], "slow": best["params_slow"]}


@pytest.mark.slow
def test_the_command_keeps_its_trials_counts_them_and_goes_on_where_it_was(folder):
    write(config(data=WHOLE), folder)
    command = ("walkforward", "-p", "fast=3,8", "-p", "slow=15", "--folds", "2", "-j", "1")
    code, out, err = call(*command, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    place = folder / told["folder"]
    assert json.loads((place / "walkforward.json").read_text()) == told
    assert len(pd.read_csv(place / "returns.csv")) == told["sessions"] == 125
    assert len(list(place.glob("fold-*/train-1/trials/*.parquet"))) == 2
    with closing(sqlite3.connect(folder / "runs" / "trials.db")) as ledger:
        counts = sorted(count for (count,) in ledger.execute("SELECT count(*) FROM trials GROUP BY inputs_hash"))
    assert counts == [1, 2, 2]  # two on each stretch, and the walk itself on the whole
    parts = sorted(path.stat().st_mtime_ns for path in place.rglob("*.parquet"))
    again = call(*command)
    assert again.out.startswith("strategies.sma_cross:SmaCross: 2 tests, anchored")
    assert "sharpe on average: " in again.out
    assert sorted(path.stat().st_mtime_ns for path in place.rglob("*.parquet")) == parts
    write(config(data=WHOLE), folder)
    assert json.loads(call("backtest", "--json").out)["trials"] == 2  # the walk and this run
    assert call(*command, "--scheme", "rolling", "--quiet") == (0, "", "")
    assert len(list((folder / "runs").glob("walkforward-*"))) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-p", "fast=3:4", "--scheme", "sideways"], "--scheme 'sideways' does not exist"),
        (["-p", "fast=3:4", "--folds", "500"], "sessions are too few for --folds 500"),
        (["-p", "fast=3:4", "--scheme", "purged", "--sampler", "tpe"], "--sampler tpe asks for other trials"),
        (["-p", "fats=3:4"], "did you mean 'fast'?"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder, options, message):
    write(config(), folder)
    code, out, err = call("walkforward", *options)
    assert (code, out) == (2, "")
    assert message in err


def test_some_trial_must_have_what_is_chosen_by(folder):
    write(strategy("fast: int = 1\ndef on_bar(self, ctx): ..."), folder)
    with pytest.raises(StrategyError, match="no trial has a profit_factor to choose by"):
        walkforward(folder / "onetape.toml", {"fast": [1, 2]}, Cutting(folds=1), objective="profit_factor", jobs=1)
