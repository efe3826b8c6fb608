"""What a script may say to Cerebro and its broker, what passes without effect, and what is refused with the key to use."""

from __future__ import annotations

import datetime as dt

import backtrader as bt
import pytest

from framework.errors import ConfigError, InvalidOrderError, StrategyError
from tests.brokers.backtrader.both import ours, plain
from tests.builders import bars, still

SERIES = bars("A", still(100, 6))


class Idle(bt.Strategy):
    def next(self):
        pass


def told(action):
    """A strategy that says something to its broker once."""

    class Telling(bt.Strategy):
        def start(self):
            action(self.broker)

        def next(self):
            pass

    return Telling


def add(action):
    """A set-up that does one thing beside adding the data."""

    def build(cerebro, feeds):
        plain(cerebro, feeds)
        action(cerebro)

    return build


# --- what is refused

REFUSED = {
    "setcash(5)": (lambda broker: broker.setcash(5), r"cash is \[account\] cash"),
    "set_cash(5)": (lambda broker: broker.set_cash(5), r"cash is \[account\] cash"),
    "add_cash": (lambda broker: broker.add_cash(100), "money paid in or out"),
    "set_coc": (lambda broker: broker.set_coc(True), "set_coc.True. is not simulated; use a Close order"),
    "set_coo": (lambda broker: broker.set_coo(True), "cheat_on_open.True. is not simulated; use next"),
    "filler": (lambda broker: broker.set_filler(bt.broker.fillers.FixedSize(size=1)), r"use \[fills\] max_volume_share"),
    "slippage percent": (lambda broker: broker.set_slippage_perc(0.01), r"use \[fills\] slippage"),
    "slippage fixed": (lambda broker: broker.set_slippage_fixed(0.01, slip_open=True), r"use \[fills\] slippage"),
    "checksubmit": (lambda broker: broker.set_checksubmit(False), "every order is checked"),
    "shortcash": (lambda broker: broker.set_shortcash(False), "cash is what the account holds"),
    "futures": (lambda broker: broker.setcommission(2.0, margin=1000, mult=10), "with mult, margin: only shares"),
    "leverage": (lambda broker: broker.setcommission(leverage=2.0), "with leverage"),
    "interest": (lambda broker: broker.setcommission(interest=0.05), "with interest"),
    "history": (lambda broker: broker.add_order_history([]), "add_order_history"),
    "fund history": (lambda broker: broker.set_fund_history([]), "set_fund_history"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_config_decides_or_nobody_simulates_is_refused_by_name(name):
    action, message = REFUSED[name]
    with pytest.raises(ConfigError, match=message):
        ours(told(action), SERIES)


@pytest.mark.parametrize(
    "action",
    [
        lambda broker: broker.setcash(1e9),
        lambda broker: broker.set_coc(False),
        lambda broker: broker.set_coo(False),
        lambda broker: broker.set_filler(None),
        lambda broker: broker.set_slippage_perc(0.0),
        lambda broker: broker.set_checksubmit(True),
        lambda broker: broker.set_shortcash(True),
        lambda broker: broker.seteosbar(True),
        lambda broker: broker.set_int2pnl(False),
        lambda broker: broker.setcommission(0.0),
        lambda broker: broker.set_fundmode(True, 10.0),
    ],
)
def test_what_changes_nothing_passes(action):
    assert ours(told(action), SERIES).played.strategy.hosted.notes == []


SETUPS = {
    "no data": (lambda _cerebro, _feeds: None, "adds no data: write cerebro.adddata"),
    "a broker": (add(lambda cerebro: cerebro.setbroker(bt.brokers.BackBroker(cash=5))), "sets a broker"),
    "a broker by assignment": (add(lambda cerebro: setattr(cerebro, "broker", bt.brokers.BackBroker())), "sets a broker"),
    "a strategy": (add(lambda cerebro: cerebro.addstrategy(Idle)), r"it is \[strategy\] class"),
    "an optimisation": (add(lambda cerebro: cerebro.optstrategy(Idle)), r"it is \[strategy\] class"),
    "cheat_on_open": (add(lambda cerebro: setattr(cerebro.p, "cheat_on_open", True)), "sets cheat_on_open"),
    "oldsync": (add(lambda cerebro: setattr(cerebro.p, "oldsync", True)), "sets oldsync"),
    "signals": (add(lambda cerebro: cerebro.add_signal(bt.SIGNAL_LONG, bt.ind.SMA)), "add_signal drives a bt.SignalStrategy"),
    "a cheating timer": (
        add(lambda cerebro: cerebro.add_timer(dt.time(10), cheat=True)),
        "would trade at an open that its decision has seen",
    ),
}


@pytest.mark.parametrize("name", sorted(SETUPS))
def test_a_set_up_that_asks_for_another_run_is_refused(name):
    build, message = SETUPS[name]
    with pytest.raises(ConfigError, match=message):
        ours(Idle, SERIES, build=build)


def test_a_timer_of_a_strategy_may_not_cheat_either():
    class Cheating(bt.Strategy):
        def __init__(self):
            self.add_timer(dt.time(10), cheat=True)

    with pytest.raises(ConfigError, match=r"add_timer\(cheat=True\).*test_setup.py:\d+\]"):
        ours(Cheating, SERIES)


# --- what is kept


def test_commission_set_by_a_strategy_is_known_to_it_and_not_charged():
    class Charging(bt.Strategy):
        def start(self):
            self.broker.setcommission(commission=0.001)

        def next(self):
            if len(self) == 1:
                self.buy(size=10)
                self.estimate = self.broker.getcommissioninfo(self.data).getcommission(10, 100.0)

    told_all = ours(Charging, SERIES)
    assert told_all.strategy.estimate == pytest.approx(1.0)
    assert told_all.strategy.broker.getcash() == 1e9 - 1000
    assert told_all.played.strategy.hosted.notes == [
        "commission = 0.001 set by the strategy is not charged; what is charged is [fills] fees"
    ]


class Round(bt.Strategy):
    """Buys, sells, and writes down what it paid."""

    def __init__(self):
        self.paid = []

    def notify_order(self, order):
        if order.status == order.Completed:
            self.paid.append(order.executed.comm)

    def notify_trade(self, trade):
        if trade.isclosed:
            self.paid.append((trade.commission, trade.pnl, trade.pnlcomm))

    def next(self):
        if len(self) == 1:
            self.buy(size=10)
        elif len(self) == 3:
            self.close()


def test_fees_of_the_config_are_in_orders_and_trades():
    done = ours(Round, SERIES, fills={"fees": {"rate": 0.001}})
    assert done.strategy.paid == [1.0, 1.0, (2.0, 0.0, -2.0)]


def test_a_size_beyond_what_a_fund_share_is_worth_is_shown_by_the_fund_view():
    class Fund(bt.Strategy):
        def next(self):
            self.seen = (self.broker.fundmode, self.broker.fundvalue, self.broker.fundshares)

    view = ours(Fund, SERIES, build=add(lambda cerebro: cerebro.broker.set_fundmode(True, 50.0))).strategy.seen
    assert view == (True, 50.0, 1e9 / 50)


def test_feeds_are_those_that_the_set_up_adds_in_its_order():
    class Names(bt.Strategy):
        def next(self):
            self.names = [data._name for data in self.datas]

    def reversed_order(cerebro, feeds):
        for symbol in reversed(feeds):
            cerebro.adddata(feeds[symbol])

    b = bars("B", still(50, 6))
    assert ours(Names, SERIES, b).strategy.names == ["A", "B"]
    assert ours(Names, SERIES, b, build=reversed_order).strategy.names == ["B", "A"]


def test_data_of_the_users_own_can_be_looked_at_and_not_traded():
    import pandas as pd

    frame = pd.DataFrame(
        {name: [20.0] * 4 for name in ("open", "high", "low", "close", "volume")}, index=pd.date_range("2012-01-03", periods=4, freq="D")
    )

    def build(cerebro, feeds):
        plain(cerebro, feeds)
        cerebro.adddata(bt.feeds.PandasData(dataname=frame, name="VIX"))

    class Looking(bt.Strategy):
        def next(self):
            self.level = self.getdatabyname("VIX").close[0]
            self.worth = self.broker.getvalue(datas=[self.data1])
            if len(self) == 3:
                self.buy(data=self.data1, size=1)

    with pytest.raises(InvalidOrderError, match=r"data 'VIX' is no symbol of \[universe\] symbols.*Looking.next"):
        ours(Looking, SERIES, build=build)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (lambda self: 1 / 0, r"Broken.<lambda>, .*test_setup.py:\d+ raised ZeroDivisionError: division by zero"),
        (lambda self: self.buy(size="many"), r"raised TypeError"),
        (lambda self: self.buy(size=float("nan")), "size = NaN; it must be a finite number"),
        (lambda self: self.data.close[1], r"A\[1\] lies in the future.*\[Broken.<lambda>, .*test_setup.py"),
        (lambda self: self.buy(exectype=bt.Order.StopTrailLimit, price=1, plimit=1, trailamount=1), "StopTrailLimit has no counterpart"),
    ],
)
def test_errors_of_a_strategy_come_typed_with_their_place(statement, message):
    class Broken(bt.Strategy):
        def next(self):
            statement(self)

    with pytest.raises((StrategyError, InvalidOrderError, ConfigError), match=message):
        ours(Broken, SERIES)
