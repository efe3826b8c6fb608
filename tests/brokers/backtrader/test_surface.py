"""Everything a script or backtrader itself asks of a broker is there, and answers as backtrader's own."""

from __future__ import annotations

import backtrader as bt
import pytest

from brokers.backtrader.broker import DeskBroker
from tests.brokers.backtrader.both import COMPAT, ours, plain, stock
from tests.builders import bars, still

#: Steps of its own work, which nobody outside calls.
INNER = {"check_submitted", "notify", "submit_accept", "transmit"}


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


def test_every_public_name_of_backtraders_broker_is_there():
    assert public(bt.brokers.BackBroker) - public(DeskBroker) == INNER


def test_it_has_the_params_with_their_defaults():
    theirs, mine = dict(bt.brokers.BackBroker.params._getpairs()), dict(DeskBroker.params._getpairs())
    assert {name: mine[name] for name in theirs if name != "commission"} == {name: theirs[name] for name in theirs if name != "commission"}


class Asking(bt.Strategy):
    """Asks for everything at every bar."""

    def __init__(self):
        self.answers = []

    def next(self):
        if len(self) == 1:
            self.buy(size=10)
            self.waiting = self.sell(size=10, exectype=bt.Order.Limit, price=150)
        broker, data = self.broker, self.data
        position = self.getposition()
        self.answers.append(
            (
                broker.getcash(),
                broker.get_cash(),
                broker.getvalue(),
                broker.get_value(),
                broker.getvalue(datas=[data]),
                broker.get_value(mkt=True),
                broker.get_value_lever(),
                broker.get_leverage(),
                broker.startingcash,
                broker.fundvalue,
                broker.fundshares,
                broker.fundmode,
                (position.size, position.price, len(position), bool(position)),
                (broker.positions[data].size, self.positions[data].size, self.positionsbyname["A"].size),
                [order.ref == self.waiting.ref for order in broker.get_orders_open(safe=True)],
                broker.getcommissioninfo(data).getsize(100.0, 950.0),
                self.getsizing(),
            )
        )


def test_every_answer_is_backtraders():
    series = bars("A", [(100 + step, 101 + step, 99 + step, 100.5 + step) for step in range(5)])
    here, there = ours(Asking, series, fills=COMPAT).strategy.answers, stock(Asking, series).strategy.answers
    # Of the bar of the orders: there they are looked at with the next one, here at once.
    assert here[0][:14] == there[0][:14]
    assert here[1:] == there[1:]


def test_a_feed_nobody_asked_about_is_flat_and_worth_nothing():
    class Looking(bt.Strategy):
        def next(self):
            other = self.data.clone()
            self.seen = (self.broker.positions[other].size, self.broker.getvalue(datas=[other]))

    assert ours(Looking, bars("A", still(100, 2))).strategy.seen == (0, 0.0)


@pytest.mark.parametrize("csv", [True, False])
def test_a_writer_writes_the_same(tmp_path, csv):
    class Crossing(bt.Strategy):
        def __init__(self):
            self.cross = bt.ind.CrossOver(self.data.close, bt.ind.SMA(period=3))

        def next(self):
            if self.cross > 0 and not self.position:
                self.buy(size=10)
            elif self.cross < 0 and self.position:
                self.close()

    def writing(name):
        def build(cerebro, feeds):
            plain(cerebro, feeds)
            cerebro.addanalyzer(bt.analyzers.TradeAnalyzer)
            cerebro.addwriter(bt.WriterFile, out=str(tmp_path / name), csv=csv, rounding=6)

        return build

    closes = [100, 101, 99, 103, 98, 104, 97, 105, 96, 106]
    series = bars("A", [(close - 0.5, close + 1, close - 1, close) for close in closes])
    ours(Crossing, series, build=writing("here"), fills=COMPAT)
    stock(Crossing, series, build=writing("there"))
    here, there = ((tmp_path / name).read_text().replace("Feed", "PandasData").splitlines() for name in ("here", "there"))
    assert len(here) > 30
    assert [line for line in here if "Heard" not in line and "heard" not in line] == [
        line for line in there if "Heard" not in line and "heard" not in line
    ]
