"""Sweeps: a trial is the backtest of its parameters, and the table, the picture and the ledger tell of all of them."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from framework import SweepResult, run, sweep
from framework.app.sweeps.trials import METRICS
from framework.errors import ConfigError, StrategyError
from framework.report.summary import SUMMARY_FIELDS
from tests.app.project import COLUMNS, ROWS, bars, call, config, process, strategy, tree, write

SETTINGS = {"sizing": {"method": "equal"}}
SPACE = {"fast": [3, 5, 8], "slow": "10:20:10"}
GRID = ("sweep", "--param", "fast=3,5,8", "--param", "slow=10:20:10", "--jobs", "1")
#: A strategy of arrays that says in a file when it works out an average.
SIGNALS = """\
fast: int = 3
slow: int = 10

def signals(self, bars):
    return (bars.indicator(average, self.fast) > bars.indicator(average, self.slow)).astype(float)
"""
AVERAGE = """\


def average(bars, length):
    with open("worked", "a") as file:
        file.write(f"{length}\\n")
    found = np.full(bars.close.shape, np.nan)
    for row in range(length - 1, len(found)):
        found[row] = bars.close[row - length + 1 : row + 1].mean(axis=0)
    return found
"""


def project(**sections):
    """Half a year of two symbols of the sample."""
    return config(**SETTINGS, **sections)


def averages():
    files = strategy(SIGNALS, "SignalStrategy", **SETTINGS)
    return files | {"mine.py": files["mine.py"] + AVERAGE}


@pytest.fixture(scope="module")
def result():
    return sweep(tree(**SETTINGS), SPACE, where="2 * fast < slow", jobs=2)


def same(cell, figure):
    """Whether a cell of the table says what the summary says."""
    if figure is None:
        return pd.isna(cell)
    return cell == (json.dumps(figure) if isinstance(figure, (dict, list)) else figure)


def test_every_trial_is_the_backtest_of_its_parameters(result):
    assert list(zip(result["params_fast"], result["params_slow"], strict=True)) == [(3, 10), (3, 20), (5, 20), (8, 20)]
    for _, row in result.trials.iterrows():
        params = {"fast": int(row["params_fast"]), "slow": int(row["params_slow"])}
        summary = run(tree(**SETTINGS, strategy={"params": params})).summary
        assert [name for name in METRICS if name != "elapsed_seconds" and not same(row[name], summary[name])] == []
    assert result["decisions_hash"].nunique() == 4
    assert result["trades"].min() > 0


def test_every_field_of_a_summary_is_a_metric_or_the_same_for_all_trials(result):
    shared = set(SUMMARY_FIELDS) - set(METRICS)
    assert shared == set("run_id mode strategy params symbols start end initial_cash trials inputs_hash version".split())
    assert list(result.trials.columns) == ["number", "params_fast", "params_slow", *METRICS, "error"]


@pytest.mark.campaign
def test_the_command_gives_the_same_trials_as_python(result, folder):
    write(project(), folder)
    done = process(*GRID, "--where", "2 * fast < slow", "--json", folder=folder)
    assert (done.code, done.err) == (0, "")
    summary = json.loads(done.out, parse_constant=pytest.fail)
    assert [row["decisions_hash"] for row in summary["best"]] == [row["decisions_hash"] for row in result.best]
    assert summary["trials"] == len(result) == 4
    assert [row["sharpe"] for row in summary["best"]] == sorted(result["sharpe"], reverse=True)
    table = pd.read_parquet(folder / summary["folder"] / "trials").sort_values("number")
    assert table["decisions_hash"].tolist() == result["decisions_hash"].tolist()
    best = summary["best"][0]["params"]
    write(project(strategy={"params": best}), folder)
    backtest = json.loads(process("backtest", "--json", folder=folder).out)
    assert backtest["decisions_hash"] == summary["best"][0]["decisions_hash"]


def test_any_way_to_run_it_gives_the_same_decisions(result):
    frame = sweep(tree(**SETTINGS), {"fast": range(3, 9), "slow": [10, 20]}, where="2 * fast < slow and fast in (3, 5, 8)", jobs=1)
    assert frame["decisions_hash"].tolist() == result["decisions_hash"].tolist()


def test_python_writes_nothing_it_was_not_asked_to(folder):
    found = sweep(tree(**SETTINGS), {"fast": [3, 5]}, jobs=1)
    assert isinstance(found, SweepResult)
    assert list(folder.iterdir()) == []
    seen = []
    sweep(tree(**SETTINGS), {"fast": [3, 5]}, jobs=1, out="kept", on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert [path.name for path in folder.iterdir()] == ["kept"]
    seen.clear()
    again = sweep(tree(**SETTINGS), {"fast": [3, 5]}, jobs=1, out="kept", on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 2)]
    assert again["decisions_hash"].tolist() == found["decisions_hash"].tolist()


@pytest.mark.slow
def test_own_frames_can_be_swept():
    frame = pd.DataFrame(ROWS, columns=list(COLUMNS))
    data = {"IBM": frame.set_index(pd.DatetimeIndex(frame.pop("date")))}
    settings = {"universe": {"symbols": ["IBM"]}, "data": {"start": None, "end": None}}
    found = sweep(tree(**settings), {"fast": [2, 3], "slow": [5]}, data=data, jobs=2)
    alone = run(tree(**settings, strategy={"params": {"fast": 2, "slow": 5}}), data=data)
    assert found["decisions_hash"][0] == alone.summary["decisions_hash"]


def test_indicators_are_worked_out_once_and_change_nothing(folder):
    write(averages(), folder)
    found = sweep(folder / "onetape.toml", {"fast": [2, 3, 5], "slow": [10, 20]}, jobs=1)
    assert sorted((folder / "worked").read_text().split()) == ["10", "2", "20", "3", "5"]
    for place, (fast, slow) in enumerate([(2, 10), (2, 20), (3, 10), (3, 20), (5, 10), (5, 20)]):
        settings = tree(**SETTINGS, strategy={"class": "mine:Mine", "params": {"fast": fast, "slow": slow}})
        assert run(settings).summary["decisions_hash"] == found["decisions_hash"][place]
    assert found["trades"].min() > 0


#: A plain backtrader strategy.
BACKTRADER = """\
import backtrader as bt


class Mine(bt.Strategy):
    params = (("fast", 3), ("slow", 10))

    def __init__(self):
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow))

    def next(self):
        if self.cross > 0:
            self.buy(size=10)
        elif self.cross < 0 and self.position:
            self.close()
"""


def test_a_plain_backtrader_strategy_can_be_swept(folder):
    write({"mine.py": BACKTRADER, **config(strategy={"class": "mine:Mine", "params": None})}, folder)
    found = sweep(folder / "onetape.toml", {"fast": [3, 5], "slow": [20]}, jobs=1)
    for place, fast in enumerate((3, 5)):
        alone = run(tree(strategy={"class": "mine:Mine", "params": {"fast": fast, "slow": 20}}))
        assert alone.summary["decisions_hash"] == found["decisions_hash"][place]
        assert alone.summary["inputs_hash"] == found.summary["inputs_hash"]
    assert found["decisions_hash"].nunique() == 2
    with pytest.raises(ConfigError, match="Mine has no parameter 'fats'; did you mean 'fast'"):
        sweep(folder / "onetape.toml", {"fats": [3, 5]})


@pytest.mark.campaign
@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_seed_gives_the_same_trials_for_any_number_of_workers(sampler):
    space = {"fast": "2:9", "slow": "10:30:2"}
    first, second, other = (
        sweep(tree(**SETTINGS), space, sampler=sampler, trials=10, seed=seed, jobs=jobs) for jobs, seed in ((1, 1), (3, 1), (1, 2))
    )
    columns = ["number", "params_fast", "params_slow", "decisions_hash"]
    pd.testing.assert_frame_equal(first.trials[columns], second.trials[columns])
    assert first["params_slow"].tolist() != other["params_slow"].tolist()
    assert len(first.trials[columns[1:3]].drop_duplicates()) == 10


def test_several_objectives_give_a_front():
    found = sweep(tree(**SETTINGS), {"fast": range(2, 9)}, objective=["total_return", "max_drawdown"], jobs=1)
    best = [(row["total_return"], row["max_drawdown"]) for row in found.best]
    for total, fall in zip(found["total_return"], found["max_drawdown"], strict=True):
        assert any(one >= total and other >= fall for one, other in best)
    assert best == sorted(best, key=lambda one: (-one[0], one[1]))


def test_a_trial_that_fails_is_kept_with_its_error_and_stops_nobody(folder):
    body = "fast: int = 1\ndef on_bar(self, ctx):\n    if self.fast == 3: raise ValueError('too many')\n    if self.fast == 4: exit(7)"
    write(strategy(body), folder)
    code, out, err = call("sweep", "-p", "fast=1:5", "-j", "1")
    assert (code, err) == (0, "")
    assert "mine:Mine: 5 trials, 2 of them failed" in out
    assert re.search(r"first failure: Mine.on_bar at 2006-01-03 .*mine\.py:8 raised ValueError: too many", out)
    (place,) = (folder / "runs").glob("sweep-*")
    table = pd.read_parquet(place / "trials").set_index("params_fast")
    assert table["error"].isna().tolist() == [True, True, False, False, True]
    assert table.loc[4, "error"] == "the strategy called sys.exit(7)"
    assert table.loc[[3, 4], ["sharpe", "trades", "decisions_hash"]].isna().all(axis=None)


def test_a_sweep_in_which_all_trials_fail_is_an_error(folder):
    write(strategy("fast: int = 1\ndef on_bar(self, ctx):\n    raise ValueError('no')"), folder)
    code, out, err = call("sweep", "-p", "fast=1:3", "-j", "1")
    assert (code, out) == (2, "")
    assert "error: all 3 trials failed; the first: Mine.on_bar" in err


@pytest.mark.campaign
def test_what_is_printed_is_the_table_the_luck_and_the_way_on(folder):
    write(project(), folder)
    done = process(*GRID, folder=folder)
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert lines[0] == "strategies.sma_cross:SmaCross: 6 trials"
    assert re.findall(r"[A-Za-z#]+", lines[2]) == ["#", "fast", "slow", "Sharpe", "return", "drawdown", "trades"]
    assert len([line for line in lines if line.startswith("│")]) == 6
    (place,) = (folder / "runs").glob("sweep-SmaCross-*")
    assert f"trials: {(place / 'trials').relative_to(folder)}" in lines
    luck = next(line for line in lines if line.startswith("luck: "))
    assert luck.startswith("luck: were none of 6 trials worth anything, the best would show a Sharpe ratio of about ")
    table = pd.read_parquet(place / "trials")
    best = table.loc[table["sharpe"].idxmax()]
    assert lines[-1].startswith(f"next: set [strategy] params = {{ fast = {best['params_fast']}, slow = {best['params_slow']} }}")
    assert process(*GRID, "--quiet", folder=folder) == (0, "", "")
    height, width, _ = imread(BytesIO((place / "heatmap.png").read_bytes()), format="png").shape
    assert min(height, width) > 300


@pytest.mark.campaign
def test_what_a_strategy_prints_does_not_mix_with_the_result(folder):
    write(strategy("fast: int = 1\ndef on_start(self, ctx):\n    print('a word')\ndef on_bar(self, ctx): ..."), folder)
    for jobs in ("1", "2"):
        done = process("sweep", "-p", f"fast=1:{jobs}", "--jobs", jobs, "--json", folder=folder)
        assert json.loads(done.out)["trials"] == int(jobs)
        assert set(done.err.replace("a word", "").split()) == set()  # two workers may write at once
        assert done.err.count("a word") == int(jobs)


@pytest.mark.campaign
def test_backtests_and_sweeps_count_as_trials_of_a_strategy_over_its_bars(folder):
    write(project(), folder)

    def trials():
        return json.loads(call("backtest", "--json").out)["trials"]

    assert [trials(), trials()] == [1, 1]  # the same setting is no second trial
    write(project(strategy={"params": {"fast": 6, "slow": 20}}), folder)
    assert trials() == 2
    first = json.loads(call(*GRID, "--json").out)
    assert first["known_trials"] == 2 + 6 - 1  # fast = 5, slow = 20 was tried by the first backtest
    assert trials() == 7
    ratios = pd.read_parquet(folder / first["folder"] / "trials")["sharpe"]
    assert first["expected_best_sharpe"] == pytest.approx(luck([*ratios, json.loads(call("backtest", "--json").out)["sharpe"]]))
    write(project(data={"end": date(2006, 5, 31)}), folder)
    assert trials() == 1
    assert json.loads(call("backtest", "--json", "--out", "elsewhere").out)["trials"] == 1


def luck(ratios):
    """Expected largest of as many normal draws with their spread: Bailey and Lopez de Prado's formula, by scipy."""
    from scipy.stats import norm

    count, gamma = len(ratios), 0.5772156649015329
    return np.std(ratios, ddof=1) * ((1 - gamma) * norm.ppf(1 - 1 / count) + gamma * norm.ppf(1 - 1 / (count * np.e)))


def test_a_command_that_writes_elsewhere_starts_no_ledger(folder):
    write(project(), folder)
    assert json.loads(call("backtest", "--json", "--out", "one").out)["trials"] is None
    assert json.loads(call(*GRID, "--json", "--out", "two").out)["known_trials"] == 6
    assert not (folder / "runs").exists()


def test_a_ledger_that_cannot_be_used_does_not_spoil_a_backtest(folder):
    write(project() | {"runs/trials.db": "no database" * 100}, folder)
    summary = json.loads(call("backtest", "--json").out)
    assert summary["trials"] is None
    assert [line for line in summary["warnings"] if line.startswith("this trial is not counted: the ledger of trials")]


def test_another_source_of_the_strategy_is_another_sweep_and_another_trial(folder):
    body = "fast: int = 1\ndef on_bar(self, ctx): ..."
    write(strategy(body), folder)
    assert call("sweep", "-p", "fast=1:2", "-j", "1", "--out", "here").code == 0
    assert json.loads(call("backtest", "--json").out)["trials"] == 1
    write({"mine.py": strategy(body)["mine.py"] + "# changed\n"}, folder)
    assert json.loads(call("backtest", "--json").out)["trials"] == 2
    code, _, err = call("sweep", "-p", "fast=1:2", "-j", "1", "--out", "here")
    assert code == 2
    assert re.search(r"--out here holds another sweep: source was .* and is .*; name another folder, or repeat that sweep", err)


def test_more_trials_of_the_same_sweep_go_on_where_it_was(folder):
    write(project(), folder)
    command = ("sweep", "-p", "fast=2:9", "--sampler", "random", "-j", "1", "--json", "--trials")
    first, second = (json.loads(call(*command, trials).out) for trials in ("3", "5"))
    assert first["folder"] == second["folder"]
    assert [first["trials"], second["trials"]] == [3, 5]
    assert len(pd.read_parquet(folder / first["folder"] / "trials")["number"].unique()) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-p", "fats=1:5"], "--param fats: SmaCross has no parameter 'fats'; did you mean 'fast'?"),
        (["-p", "fast=1:x"], "--param fast=1:x: 'x' is not one of its values; it takes whole numbers"),
        (["-p", "fast"], "--param 'fast': write NAME=VALUES"),
        (["-p", "fast=1:5", "--where", "fast < slwo"], "--where 'fast < slwo': there is no parameter 'slwo'; did you mean 'slow'?"),
        (["-p", "fast=1:5", "--where", "fast < 0"], "--where leaves none of 5 combinations"),
        (["-p", "fast=1:5", "--sampler", "gird"], "--sampler 'gird' does not exist; choose grid, random, tpe"),
        (["-p", "fast=1:5", "--executor", "threads"], "--executor 'threads' does not exist; choose processes or ray"),
        (["-p", "fast=1:5", "--objective", "sharp"], "--objective sharp: there is no metric 'sharp'; did you mean 'sharpe'?"),
        (["-p", "fast=1:5", "--objective", "trades"], "write max:trades or min:trades"),
        (["-p", "fast=1:5", "--trials", "3"], "--trials says nothing with --sampler grid"),
        (["-p", "fast=1:5", "--sampler", "tpe", "--trials", "0"], "--trials 0: at least 1 is needed"),
        (["-p", "fast=1:5", "--jobs", "0"], "--jobs 0: at least 1 is needed"),
        (["-p", "fast=1:5", "--out", "full"], "--out full holds files that are no sweep of onetape"),
        (["-p", "fast=1:5", "-c", "none.toml"], "config file none.toml does not exist"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_run(folder, options, message):
    write(project() | {"full/notes.txt": "mine"}, folder)
    code, out, err = call("sweep", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("error: ")
    assert not list((folder / "runs").glob("*/trials/*.parquet"))


def test_data_that_is_broken_ends_a_sweep_before_it_begins(folder):
    write(bars("timestamp,open,high,low,close,volume\n"), folder)
    code, _, err = call("sweep", "-p", "fast=1:5")
    assert code == 3
    assert "IBM.csv" in err


@pytest.mark.parametrize(
    ("package", "sampler", "remedy"), [("optuna", "tpe", "onetape[research]"), ("pyarrow", "grid", "onetape[research]")]
)
def test_a_package_that_is_missing_is_named_with_the_extra_that_brings_it(monkeypatch, package, sampler, remedy):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=re.escape(f'pip install "{remedy}"')):
        sweep(tree(), {"fast": [2, 3]}, sampler=sampler, jobs=1)


def test_ray_that_is_missing_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=re.escape('pip install "onetape[ray]"')):
        sweep(tree(), {"fast": [2, 3]}, executor="ray")


def test_a_strategy_without_parameters_has_nothing_to_sweep(folder):
    write(strategy("def on_bar(self, ctx): ..."), folder)
    with pytest.raises(ConfigError, match="Mine has no parameter 'fast'; it has no parameters"):
        sweep(folder / "onetape.toml", {"fast": [1]})
    with pytest.raises(ConfigError, match="nothing is searched"):
        sweep(folder / "onetape.toml", {})
    with pytest.raises(StrategyError, match="there is no module"):
        sweep(tree(strategy={"class": "nosuch:Mine", "params": None}), {"fast": [1]})


def test_a_progress_bar_with_rate_and_time_left_is_drawn_on_a_terminal_only(monkeypatch, capsys):
    from framework.app.commands.sweep_printing import sweep_progress

    with sweep_progress(shown=True) as nothing:
        assert nothing is None
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with sweep_progress(shown=False) as nothing:
        assert nothing is None
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with sweep_progress(shown=True) as report:
        for done in range(40, 51):
            report(done, 100)
    assert re.search(r"sweep .* 50/100 \d+\.\d trials/s left [-\d:]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", capsys.readouterr().err))
