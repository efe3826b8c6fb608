"""A script of backtrader's at the double, as its author writes it: a Cerebro, a store, one strategy."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import backtrader as bt

from brokers.backtrader.store import Running, SessionStore
from data import Dataset
from data.calendar import session_closes
from framework.app.assembly.hosting import as_strategy_reads
from framework.runtime.loading import validated
from tests.app.live_world import Days, Live, moves_of, opened_double
from tests.app.project import ROWS
from tests.builders import bars

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from brokers.backtrader.store import Wanted
    from framework.app.sessions.session import Played
    from framework.runtime.config import Config
    from framework.runtime.tape.store import TapeStore

KNOWN = 25
#: As the double fills: at its price, as much as is asked for; no stops of ours.
EQUAL = {"fills": {"slippage": {"model": "none"}, "max_volume_share": 0.0}, "stops": {"attach": "never"}}
ROWS_OF_DAY = [tuple(float(value) for value in row[1:]) for row in ROWS]


class World:
    """Days at a double that scripts live through, one after the other; ``mode`` is paper or live.

    Attributes:
        played: What the last script's session was.
    """

    def __init__(self, folder: Path, mode: str, symbols: tuple[str, ...] = ("IBM",), tape: type[TapeStore] | None = None) -> None:
        self.mode, self.symbols = mode, symbols
        sessions = session_closes(date(2012, 1, 3), date(2012, 4, 30))
        closes, opens = sessions.close[: len(ROWS)].tolist(), sessions.open[: len(ROWS)].tolist()
        self.history = Dataset({one: bars(one, ROWS_OF_DAY[:KNOWN], closes[:KNOWN]) for one in symbols}, closes[KNOWN], ())
        self.double = opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", symbols, ROWS_OF_DAY[KNOWN - 1][3])
        moves = [move for one in symbols for move in moves_of(one, ROWS_OF_DAY[KNOWN:], opens[KNOWN:])]
        self.days = Days(self.double, moves)
        self.live = Live(self.double, self.days, folder, [], **({} if tape is None else {"tape": tape}))
        self.played: Played | None = None

    def config(self, wanted: Wanted) -> Config:
        """The config of a script's session."""
        kind = wanted.guest.hosted.kind
        tree = {
            "mode": self.mode,
            "strategy": {"class": f"{kind.__module__}:{kind.__name__}", "params": dict(wanted.guest.hosted.values)},
            "universe": {"symbols": list(wanted.symbols)},
            "data": {"resolution": wanted.resolution},
            **EQUAL,
        }
        return as_strategy_reads(wanted.guest, validated(tree, "test"))

    def store(self, count: int) -> SessionStore:
        """A store whose session ends after ``count`` decisions."""

        @contextmanager
        def opening(wanted: Wanted) -> Iterator[Running]:
            with self.live.opened(self.config(wanted), wanted.guest, self.history, count, stopped=wanted.is_stopped) as opened:
                yield Running(opened.simulation.driver, opened.note)
                self.played = opened.ended()

        return SessionStore(opening, 100_000.0)

    def run(self, strategy: type[Any], count: int, **params: object) -> Any:
        """A script: its strategy after the run."""
        with self.store(count) as store:
            cerebro = bt.Cerebro(stdstats=False)
            cerebro.setbroker(store.getbroker())
            for symbol in self.symbols:
                cerebro.adddata(store.getdata(dataname=symbol, timeframe=bt.TimeFrame.Days))
            cerebro.addstrategy(strategy, **params)
            return cerebro.run()[0]
