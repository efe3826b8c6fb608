"""Leaves when large sellers do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from framework import EntryExitStrategy
from framework.errors import ConfigError
from framework.rules.flow.policy import FlowPolicy
from strategies.indicators import check
from strategies.recorded_flow import RecordedFlow

if TYPE_CHECKING:
    from framework import Context, MarketData, Position
    from framework.rules.flow.symbol_flow import FlowFigures

_SECOND = 1_000_000_000


class OrderFlowExit(EntryExitStrategy):
    """Holds what lies above its average, and leaves when large sellers appear or volume bursts on the sell side.

    Bets that large orders are worked over time, so that their first trades tell of the rest (Chordia and Subrahmanyam, Order imbalance
    and individual stock returns, Journal of Financial Economics 72, 2004, found imbalances to persist for days). It fails where large
    trades are one-off, crossed or hedged, in shares whose usual trade is large, and when the feed falls silent: then it enters nothing.

    It reads a file of messages that ``onetape data record`` writes, in a backtest as in a session, and at a bar's close knows what had been
    received by then.

    Parameters:
        messages: Path of the file; relative to the current folder.
        average: Bars of the average, 2 to 500.
        least_imbalance: Of the book, -1 to 1: what an entry asks for.
        max_silence: Seconds without any message after which nothing is entered, 1 to 86400.
        large_shares, sightings, sighting_seconds: What a large seller is, and how many of them press within how long.
        spike_ratio, burst_ratio, burst_sell_share: What a spike and a burst of volume are.
    """

    messages: str = ""
    average: int = 20
    least_imbalance: float = -1.0
    max_silence: float = 300.0
    large_shares: float = 10_000.0
    sightings: int = 3
    sighting_seconds: int = 120
    spike_ratio: float = 3.0
    burst_ratio: float = 4.0
    burst_sell_share: float = 0.6

    def on_start(self, ctx: Context) -> None:  # noqa: ARG002 - the base has it
        """Check the parameters, and that there is a file."""
        check(self, average=(2, 500), least_imbalance=(-1.0, 1.0), max_silence=(1.0, 86_400.0))
        if not self.messages:
            raise ConfigError("[strategy] params: OrderFlowExit needs messages = a file that `onetape data record` wrote")
        named = ("large_shares", "sightings", "sighting_seconds", "spike_ratio", "burst_ratio", "burst_sell_share")
        self._flow = RecordedFlow(Path(self.messages), FlowPolicy(**{name: getattr(self, name) for name in named}))

    def figures(self, symbol: str) -> FlowFigures:
        """The order flow of ``symbol`` at this close."""
        now = self._now(self.data(symbol))
        self._flow.until(now)
        return self._flow.of(symbol).at(now)

    def _now(self, data: MarketData) -> int:
        return int(data.bars.timestamp[-1].astype("datetime64[ns]").astype("int64"))

    def should_enter(self, symbol: str, data: MarketData) -> bool:
        """Whether it lies above its average while nobody presses and somebody is still telling."""
        close = data.bars.close
        if len(close) < self.average or not close[-1] > close[-self.average :].mean():
            return False
        figures = self.figures(symbol)
        is_told = self._now(data) - self._flow.received <= self.max_silence * _SECOND
        return is_told and not figures.is_under_pressure and figures.imbalance >= self.least_imbalance

    def should_exit(self, symbol: str, position: Position) -> bool:  # noqa: ARG002 - document 2's interface
        """Whether sellers press, or it has fallen below its average."""
        close = self.data(symbol).bars.close
        return bool(self.figures(symbol).is_under_pressure or close[-1] < close[-self.average :].mean())
