"""The bars of one symbol in a session as backtrader reads them: those known before it began, then each as it closes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import backtrader as bt
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_COLUMNS = ("datetime", "open", "high", "low", "close", "volume")


class Row(NamedTuple):
    """A bar as backtrader has it: its close as backtrader counts time, prices in dollars, shares."""

    stamp: float
    open: float
    high: float
    low: float
    close: float
    volume: float


class LiveFeed(bt.feed.DataBase):
    """A feed that says DELAYED of the bars known before its session, LIVE once they are through, DISCONNECTED while no quotes come.

    Before it is asked for a bar it lets ``ask()`` bring what has arrived; ``ask()`` says whether more may come. ``store`` comes along to
    the Cerebro that it is added to.
    """

    params = (("store", None),)

    _ask: Callable[[], bool]
    _rows: deque[Row]

    @property
    def symbol(self) -> str:
        """Whose bars they are."""
        return str(self.p.dataname)

    def setenvironment(self, env: Any) -> None:
        """Bring the store, if there is one, along to ``env``, a Cerebro."""
        super().setenvironment(env)
        if self.p.store is not None:
            env.addstore(self.p.store)

    def join(self, history: Iterable[Row], ask: Callable[[], bool]) -> None:
        """Show ``history`` first."""
        self._rows = deque(history)
        self._ask = ask

    def take(self, row: Row) -> None:
        """A bar has arrived."""
        self._rows.append(row)

    @property
    def is_through(self) -> bool:
        """Whether Cerebro has been given all that is there, and keeps nothing for later."""
        return not self._rows and len(self) == self.buflen()

    # --- asked by Cerebro

    def islive(self) -> bool:
        """Yes: Cerebro neither loads in advance nor works out indicators in advance."""
        return True

    def start(self) -> None:
        """Begin with what is known."""
        super().start()
        if self._rows:
            self.put_notification(self.DELAYED)

    def _load(self) -> bool | None:
        may_come = self._ask()
        if not self._rows:
            return None if may_come else False
        for name, value in zip(_COLUMNS, self._rows.popleft(), strict=True):
            getattr(self.lines, name)[0] = value
        self.lines.openinterest[0] = np.nan
        return True
