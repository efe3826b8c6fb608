"""A plain backtrader strategy as a user brings it: the file, one config, the same command; what is printed, written and refused."""

from __future__ import annotations

import json
import tomllib

import pytest

from framework import load_config, run
from framework.errors import ConfigError, StrategyError
from tests.app.project import call, config, process, write

STRATEGY = '''
import backtrader as bt


class Cross(bt.Strategy):
    """Averages that cross."""

    params = (("fast", 5), ("slow", 20), ("size", 10))

    def __init__(self):
        fast, slow = bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow)
        self.cross = bt.ind.CrossOver(fast, slow)

    def next(self):
        if not self.position and self.cross > 0:
            print("buying", self.data.datetime.date(0))
            self.buy(size=self.p.size)
        elif self.position and self.cross < 0:
            self.close()


class Loud(bt.Strategy):
    def next(self):
        raise KeyError("nothing")


def build(cerebro, feeds):
    for feed in feeds.values():
        cerebro.adddata(feed)
    cerebro.addanalyzer(bt.analyzers.TradeAnalyzer)
    cerebro.addanalyzer(bt.analyzers.TimeReturn, timeframe=bt.TimeFrame.Months, _name="months")
    cerebro.broker.setcommission(commission=0.002)
'''
HOUSE = {"limits": {"profile": "venue"}, "stops": {"attach": "never"}, "guards": {"enabled": False}}


def project(folder, **sections):
    strategy = {"class": "mine:Cross", "params": {"fast": 5}, **sections.pop("strategy", {})}
    return write({"mine.py": STRATEGY, **config(strategy=strategy, **HOUSE, **sections)}, folder)


def test_the_command_runs_it_writes_everything_and_says_what_had_no_effect(tmp_path):
    place = project(tmp_path, strategy={"cerebro": "mine:build"})
    done = process("backtest", folder=place)
    assert (done.code, "Cross(fast=5, slow=20, size=10)" in done.out) == (0, True)
    assert "warning: commission = 0.002 set by the strategy is not charged; what is charged is [fills] fees" in done.out
    assert "buying 2006-" in done.err
    (folder,) = [path.parent for path in place.glob("runs/*/summary.json")]
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["params"] == {"fast": 5, "slow": 20, "size": 10}
    assert (summary["strategy"], summary["engine"]) == ("Cross", "backtrader")
    assert summary["trades"] > 0
    found = json.loads((folder / "analyzers.json").read_text())
    assert set(found) == {"tradeanalyzer", "months"}
    assert found["tradeanalyzer"]["total"]["closed"] == summary["trades"]
    assert next(iter(found["months"])).startswith("2006-01-31")
    assert tomllib.loads((folder / "config.toml").read_text())["strategy"]["cerebro"] == "mine:build"
    assert process("report", folder=place).code == 0


def test_a_native_run_has_no_file_of_analyzers(tmp_path):
    place = write(config(), tmp_path)
    assert process("backtest", "--out", "here", folder=place).code == 0
    assert not (place / "here" / "analyzers.json").exists()


def test_the_option_names_another_strategy_with_its_own_defaults(tmp_path, monkeypatch):
    place = project(tmp_path, strategy={"class": "strategies.sma_cross:SmaCross", "params": {"fast": 3}})
    monkeypatch.chdir(place)
    done = call("backtest", "--strategy", "mine:Cross", "--json", "--out", "here")
    assert done.code == 0, done.err
    assert json.loads(done.out)["params"] == {"fast": 5, "slow": 20, "size": 10}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("mine:Nothing", "class Nothing does not exist in mine; strategies there: Cross, Loud"),
        ("mine:Cros", "did you mean 'Cross'?"),
        ("mine", 'write "module:ClassName"'),
        ("mine:bt", "class bt does not exist"),
        ("mine:Loud", "raised KeyError: 'nothing'"),
    ],
)
def test_a_wrong_strategy_is_an_error_of_usage_that_says_what_would_be_right(tmp_path, monkeypatch, option, message):
    monkeypatch.chdir(project(tmp_path))
    done = call("backtest", "--strategy", option)
    assert done.code == 2
    assert message in done.err


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ({"params": {"fats": 5}}, "[strategy] params: Cross.params has no 'fats'; did you mean 'fast'?"),
        ({"params": {"fast": "five"}}, "must be a number, as its default 5"),
        ({"cerebro": "mine:missing"}, "[strategy] cerebro = 'mine:missing': there is no function missing in it"),
        ({"cerebro": "nowhere:build"}, "[strategy] cerebro = 'nowhere:build': there is no module 'nowhere'"),
        ({"cerebro": "build"}, 'write "module:function", for example "my_setup:build"'),
        ({"class": "strategies.sma_cross:SmaCross", "params": None, "cerebro": "mine:build"}, "sets up a bt.Strategy"),
    ],
)
def test_a_wrong_key_is_named_with_its_value_and_its_remedy(tmp_path, monkeypatch, strategy, message):
    monkeypatch.chdir(project(tmp_path, strategy=strategy))
    done = call("backtest")
    assert done.code == 2
    assert message in done.err


def test_doctor_loads_it_and_its_set_up(tmp_path, monkeypatch):
    monkeypatch.chdir(project(tmp_path, strategy={"cerebro": "mine:build"}))
    assert "mine:Cross loads" in call("doctor").out
    monkeypatch.chdir(project(tmp_path / "wrong", strategy={"cerebro": "mine:missing"}))
    assert call("doctor").code == 1


def test_from_python_its_analyzers_are_in_the_result(tmp_path):
    place = project(tmp_path, strategy={"cerebro": "mine:build"})
    result = run(load_config(place / "onetape.toml"), beside=place)
    assert result.analyzers["tradeanalyzer"]["total"]["closed"] == len(result.trades)
    assert len(result.analyzers["months"]) == 6
    assert run({**load_config(place / "onetape.toml").model_dump(by_alias=True), **_native()}).analyzers == {}


def _native():
    return {"strategy": {"class": "strategies.sma_cross:SmaCross", "params": {"fast": 5, "slow": 20}}}


@pytest.mark.campaign
def test_it_decides_the_same_in_every_process_and_whatever_ran_before(tmp_path):
    place = project(tmp_path)
    hashes = {json.loads(process("backtest", "--json", "--out", f"run{number}", folder=place).out)["decisions_hash"] for number in range(2)}
    settings = load_config(place / "onetape.toml")
    hashes |= {run(settings, beside=place).summary["decisions_hash"] for _ in range(2)}
    assert len(hashes) == 1


def test_its_prices_are_in_shares_of_the_last_day_so_that_indicators_meet_no_split(tmp_path):
    # AAPL split two for one on 2005-02-28.
    place = project(tmp_path, universe={"symbols": ["AAPL"]}, data={"start": "2005-01-03", "end": "2005-06-30"})
    result = run(load_config(place / "onetape.toml"), beside=place)
    assert set(result.record.series["AAPL"].split.tolist()) == {1.0}
    assert all(float(price) < 50 for price in result.fills["price"])


@pytest.mark.parametrize(("key", "value"), [("path", "nearest"), ("limit_fill", "through"), ("max_volume_share", 0.05)])
def test_keys_that_mean_nothing_to_the_compatible_fills_are_refused(tmp_path, monkeypatch, key, value):
    monkeypatch.chdir(project(tmp_path, fills={"compat": "backtrader", key: value}))
    done = call("backtest")
    assert done.code == 2
    assert f'{key} says nothing with compat = "backtrader"' in done.err


def test_the_compatible_fills_are_a_word_of_the_config(tmp_path):
    place = project(tmp_path, fills={"compat": "backtrader", "slippage": "none", "fees": "none"})
    compat = run(load_config(place / "onetape.toml"), beside=place).fills
    place = project(tmp_path / "own", fills={"slippage": "none", "fees": "none"})
    own = run(load_config(place / "onetape.toml"), beside=place).fills
    # Market orders only: the same fills by both rules.
    assert compat.equals(own)


def test_a_set_up_that_fails_is_the_users_error_with_its_place(tmp_path):
    place = project(tmp_path, strategy={"cerebro": "setup:build"})
    write({"setup.py": "def build(cerebro, feeds):\n    cerebro.addanalyser(None)\n"}, place)
    with pytest.raises(StrategyError, match=r"Cross.build, .*setup.py:2 raised AttributeError"):
        run(load_config(place / "onetape.toml"), beside=place)


def test_signals_alone_need_no_class_of_their_own(tmp_path):
    place = project(tmp_path, strategy={"class": "backtrader:SignalStrategy", "params": None, "cerebro": "setup:build"})
    lines = [
        "import backtrader as bt",
        "class Slope(bt.Indicator):",
        "    lines = ('slope',)",
        "    def __init__(self):",
        "        self.lines.slope = self.data - bt.ind.SMA(period=20)",
        "def build(cerebro, feeds):",
        "    cerebro.adddata(feeds['IBM'])",
        "    cerebro.add_signal(bt.SIGNAL_LONG, Slope)",
        "",
    ]
    write({"setup.py": "\n".join(lines)}, place)
    result = run(load_config(place / "onetape.toml"), beside=place)
    assert result.summary["strategy"] == "SignalStrategy"
    assert set(result.fills["symbol"]) == {"IBM"}


def test_too_little_in_the_config_is_still_named(tmp_path):
    place = project(tmp_path, universe={"symbols": ["AAPL"]})
    with pytest.raises(ConfigError, match="did you mean"):
        run({"strategy": {"clas": "mine:Cross"}, "universe": {"symbols": ["AAPL"]}}, beside=place)


def test_without_limits_only_cash_and_venue_refuse_and_the_run_says_so(tmp_path):
    for limits, refusals in ({}, {}), ({"max_position_pct": 0.01}, {"position_limit"}):
        house = {"limits": limits, "stops": {"attach": "never"}, "guards": {"enabled": False}}
        write({"mine.py": STRATEGY, **config(strategy={"class": "mine:Cross", "params": {"size": 100}}, **house)}, tmp_path)
        result = run(tmp_path / "onetape.toml")
        assert set(result.summary["refusals"]) == set(refusals)
        assert f'profile = "{"conservative" if limits else "venue"}"' in result.record.config_text


# --- in sessions


def test_bars_that_arrive_are_decided_on_as_in_the_backtest_and_replay(tmp_path, monkeypatch):
    monkeypatch.chdir(project(tmp_path, strategy={"cerebro": "mine:build"}, data={"warmup": 0}))
    for words in (("backtest", "--out", "b"), ("paper", "--rehearse", "--out", "p")):
        assert call(*words, "--quiet").code == 0
    backtest, paper = (json.loads((tmp_path / one / "summary.json").read_text()) for one in "bp")
    assert backtest["trades"] > 1
    assert (paper["decisions_hash"], paper["final_equity"]) == (backtest["decisions_hash"], backtest["final_equity"])
    assert json.loads((tmp_path / "p/analyzers.json").read_text()) == json.loads((tmp_path / "b/analyzers.json").read_text())
    assert call("replay", "p").code == 0


def test_with_the_fills_of_backtrader_s_broker_too(tmp_path, monkeypatch):
    monkeypatch.chdir(project(tmp_path, fills={"compat": "backtrader", "slippage": "none"}, data={"warmup": 0}))
    for words in (("backtest", "--out", "b"), ("paper", "--rehearse", "--out", "p")):
        assert call(*words, "--quiet").code == 0
        assert call("replay", words[-1]).code == 0
    backtest, paper = (json.loads((tmp_path / one / "summary.json").read_text()) for one in "bp")
    assert (paper["decisions_hash"], paper["final_equity"]) == (backtest["decisions_hash"], backtest["final_equity"])


def test_in_a_session_the_warm_up_is_shown_as_delayed_and_trades_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(project(tmp_path))
    assert call("paper", "--rehearse", "--out", "p", "--quiet").code == 0
    summary = json.loads((tmp_path / "p/summary.json").read_text())
    first = (tmp_path / "p/fills.csv").read_text().splitlines()[1]
    assert summary["trades"] > 2
    assert first >= "2006-01-03"
    assert call("replay", "p").code == 0


def test_a_strategy_that_raises_ends_a_session_with_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(project(tmp_path, strategy={"class": "mine:Loud", "params": None}))
    done = call("paper", "--rehearse", "--out", "p")
    assert done.code == 2
    assert "mine.py" in done.err
    assert "raised KeyError: 'nothing'" in done.err


NOTICES = '''

class Answering(bt.Strategy):
    """Orders from everything that Cerebro tells of a bar: its timer, an order that filled, a trade that ended."""

    def __init__(self):
        self.add_timer(bt.timer.SESSION_END, weekdays=[1, 3])
        self.told = set()

    def notify_timer(self, timer, when, *args, **kwargs):
        self.told.add("timer")
        if not self.position:
            self.buy(size=10)

    def notify_order(self, order):
        if order.status == order.Completed and order.isbuy():
            self.told.add("order")
            self.sell(size=order.executed.size, price=order.executed.price * 1.01, exectype=bt.Order.Limit)

    def notify_trade(self, trade):
        if trade.isclosed:
            self.told.add("trade")
            self.buy(size=3)

    def notify_cashvalue(self, cash, value):
        if len(self) == 40:
            self.told.add("cash")
            self.buy(size=1)

    def stop(self):
        assert self.told == {"timer", "order", "trade", "cash"}
'''


@pytest.mark.slow
def test_orders_from_every_notice_of_a_bar_are_taken_in_a_session_as_in_the_backtest(tmp_path, monkeypatch):
    place = project(tmp_path, strategy={"class": "mine:Answering", "params": None}, data={"warmup": 0})
    write({"mine.py": STRATEGY + NOTICES}, place)
    monkeypatch.chdir(place)
    for words in (("backtest", "--out", "b"), ("paper", "--rehearse", "--out", "p")):
        assert call(*words, "--quiet").code == 0
    backtest, paper = (json.loads((tmp_path / one / "summary.json").read_text()) for one in "bp")
    assert backtest["trades"] > 3
    assert (paper["decisions_hash"], paper["final_equity"]) == (backtest["decisions_hash"], backtest["final_equity"])
    assert call("replay", "p").code == 0
