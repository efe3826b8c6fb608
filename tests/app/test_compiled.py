"""The compiled driver as a user meets it: asked for, left to choose, refused, and compared with another."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from framework.app.assembly.resolved import config_hash, config_hasher
from framework.app.backtest.run import run
from framework.app.backtest.verifying import difference
from framework.app.sweeps import compiled_trials
from framework.app.sweeps.trials import Recipe, with_params
from framework.errors import ConfigError, InvariantError
from framework.research.trial import Trial
from framework.runtime.loading import validated
from tests.app.project import Done, call, strategy, tree, write

SIGNALS = """days: int = 5

def signals(self, bars):
    signals = np.full(bars.close.shape, np.nan)
    signals[self.days:] = np.where(bars.close[self.days:] > bars.close[: -self.days], 1.0, 0.0)
    return signals"""
PLAYABLE = {"stops": {"method": "trailing"}, "guards": {"enabled": False}}


def looped(**sections: object) -> dict[str, str | bytes]:
    return strategy(SIGNALS, "SignalStrategy", **{**PLAYABLE, "engine": {"name": "compiled"}, **sections})


def backtest(*options: str) -> Done:
    return call("backtest", "--no-report", *options)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"sizing": {"method": "kelly"}}, '[sizing] method = "kelly"'),
        ({"stops": {"method": "chandelier"}}, '[stops] method = "chandelier"'),
        ({"account": {"type": "margin"}}, '[account] type = "margin"'),
        ({"orders": {"entry_type": "limit"}}, '[orders] entry_type = "limit"'),
        ({"limits": {"max_correlation": 0.5}}, "[limits] max_correlation"),
        ({"fills": {"slippage": "impact"}}, "[fills] slippage depends on liquidity"),
    ],
)
def test_what_the_loop_does_not_know_is_named_where_it_is_asked_for(tmp_path, monkeypatch, sections, words):
    write(looped(**sections), tmp_path)
    monkeypatch.chdir(tmp_path)
    done = backtest()
    assert done.code == ConfigError.exit_code
    assert words in done.err
    assert 'write "auto"' in done.err


@pytest.mark.parametrize("name", ["on_fill", "on_order"])
def test_an_event_strategy_that_hears_of_its_orders_has_no_loop(tmp_path, monkeypatch, name):
    write(strategy(f"def {name}(self, ctx, it):\n    pass", engine={"name": "compiled"}), tmp_path)
    monkeypatch.chdir(tmp_path)
    done = backtest()
    assert f"Mine has {name}, and is told what becomes of its orders" in done.err


def test_a_small_run_takes_the_event_driver_says_why_and_imports_no_compiler(tmp_path, monkeypatch):
    write(looped(engine={"name": "auto"}), tmp_path)
    monkeypatch.chdir(tmp_path)
    code = (
        "import sys; from pathlib import Path; from framework.app.backtest.run import run; record = run(Path('onetape.toml')).record; "
        "print(record.engine, '|', record.engine_reason, '|', 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    engine, reason, imported = done.stdout.strip().split(" | ")
    assert engine == "arrays"
    assert "bars are played before a compiled loop is loaded" in reason
    assert imported == "False"


def test_verify_runs_a_second_driver_and_says_that_they_agree(tmp_path, monkeypatch):
    write(looped(engine={"name": "auto"}), tmp_path)
    monkeypatch.chdir(tmp_path)
    done = backtest("--verify")
    assert done.code == 0
    assert "arrays and backtrader agree on" in done.err


def test_the_first_difference_of_two_runs_is_told():
    record = run(tree()).record
    assert difference(record, record) == ""
    dearer = replace(record.fills[3], price_micros=record.fills[3].price_micros + 1)
    other = replace(record, fills=(*record.fills[:3], dearer, *record.fills[4:]))
    assert difference(record, other).startswith("fill 4: ")
    assert difference(record, replace(record, orders=record.orders[:-1])).startswith(f"decision {len(record.orders)}: ")
    assert difference(record, replace(record, equity=record.equity + 1.0)).startswith("equity at decision time 1: ")


@pytest.mark.campaign
def test_the_compiled_driver_writes_what_another_writes(tmp_path, monkeypatch):
    write(looped(), tmp_path)
    monkeypatch.chdir(tmp_path)
    done = backtest("--verify")
    assert done.code == 0
    assert "compiled and backtrader agree on" in done.err


@pytest.mark.campaign
@pytest.mark.parametrize("attach", ["never", "entries"])
def test_a_trial_on_the_loop_has_the_metrics_of_any_other(tmp_path, monkeypatch, attach):
    write(looped(stops={"method": "percent", "percent": 2.0, "attach": attach}), tmp_path)
    monkeypatch.chdir(tmp_path)
    trials = [Trial(number, {"days": number + 2}) for number in range(12)]
    found = {}
    for engine in ("compiled", "arrays"):
        config = validated({**tree(strategy={"class": "mine:Mine", "params": None}, **PLAYABLE), "engine": {"name": engine}}, "test")
        config = config.model_copy(update={"stops": config.stops.model_copy(update={"attach": attach})})
        recipe = Recipe(with_params(config, {}), tmp_path, data_of(config), keeps_returns=True)
        outcomes = recipe()(trials)
        assert {outcome.error for outcome in outcomes} == {""}
        if engine == "compiled":
            assert [outcome.metrics["engine"] for outcome in outcomes].count("compiled") >= 6
        found[engine] = [own(outcome.metrics) for outcome in outcomes]
    assert found["compiled"] == found["arrays"]


CHOOSY = """import numpy as np
from framework import SignalStrategy


class Mine(SignalStrategy):
    days: int = 5

    def __init__(self, **params):
        super().__init__(**params)
        if self.days > 20:
            raise ValueError("too many days")

    def signals(self, bars):
        if self.days == 0:
            raise ValueError("no days")
        return np.where(bars.close > np.roll(bars.close, self.days, axis=0), 1.0, 0.0)
"""


@pytest.fixture
def choosy(tmp_path):
    """What evaluates trials of a strategy that some parameters are wrong for; the loop has been compiled."""
    (tmp_path / "mine.py").write_text(CHOOSY)

    def evaluator(engine):
        config = validated({**tree(strategy={"class": "mine:Mine", "params": None}, **PLAYABLE), "engine": {"name": engine}}, "test")
        return Recipe(config, tmp_path, data_of(config))()

    evaluator("compiled")([Trial(0, {})])
    return evaluator("auto")


@pytest.mark.campaign
def test_a_trial_whose_strategy_raises_says_where_and_keeps_no_other_from_the_loop(choosy):
    outcomes = choosy([Trial(number, {"days": days}) for number, days in enumerate((21, 0, 5))])
    assert "Mine cannot be made: ValueError: too many days" in outcomes[0].error
    assert "Mine.signals" in outcomes[1].error
    assert "mine.py:15 raised ValueError: no days" in outcomes[1].error
    assert outcomes[2].metrics["engine"] == "compiled"


@pytest.mark.campaign
def test_a_loop_that_is_wrong_is_not_passed_over(choosy, monkeypatch):
    def wrong(*_):
        raise InvariantError("the loop is wrong")

    monkeypatch.setattr(compiled_trials, "decisions_hash", wrong)
    assert [outcome.error for outcome in choosy([Trial(0, {"days": 5})])] == ["the loop is wrong"]


@pytest.mark.parametrize("params", [{}, {"days": 3}, {"zoo": 1.5, 'a "b": {c': "ä, }", "on": True}])
def test_the_hash_of_a_trials_config_is_that_of_its_backtest(params):
    config = validated(tree(strategy={"class": "mine:Mine", "params": {"days": 9}}), "test")
    section = config.strategy.model_copy(update={"params": params})
    assert config_hasher(config)(params) == config_hash(config.model_copy(update={"strategy": section}))


def own(metrics: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in metrics.items() if name not in {"engine", "elapsed_seconds", "config_hash"}}


def data_of(config: object) -> object:
    from framework.app.backtest.run import load_data

    return load_data(config, None)
