"""Thirty strategies that decide by the past alone, some by ways that look suspicious."""

# ruff: noqa: ARG002
from __future__ import annotations

import backtrader as bt
import numpy as np
import pandas as pd
import talib
from scipy import signal as filters
from sklearn.linear_model import LinearRegression

from framework import SignalStrategy, Strategy


def frames(bars):
    """Closes as a table."""
    return pd.DataFrame(bars.close, columns=bars.symbols)


class YesterdaysReturn(SignalStrategy):
    """A shift the right way."""

    def signals(self, bars):
        return (frames(bars).pct_change().shift(1) > 0.0).astype(float).to_numpy()


class RolledForward(SignalStrategy):
    """``np.roll`` by 1 brings the last bar to the first row; that row is taken out."""

    def signals(self, bars):
        before = np.roll(bars.close, 1, axis=0)
        before[0] = np.nan
        return (before < bars.close).astype(float)


class ExpandingMean(SignalStrategy):
    """The mean of all bars so far, by a running sum."""

    def signals(self, bars):
        mean = np.cumsum(bars.close, axis=0) / np.arange(1, len(bars.close) + 1)[:, None]
        return (bars.close < mean).astype(float)


class ExpandingScore(SignalStrategy):
    """A z-score by what was known."""

    def signals(self, bars):
        change = frames(bars).pct_change().fillna(0.0)
        score = (change - change.expanding(20).mean()) / change.expanding(20).std()
        return np.clip(-score / 5.0, -1.0, 1.0).to_numpy()


class SoFar(SignalStrategy):
    """Between the lowest and the highest so far."""

    def signals(self, bars):
        low, high = np.minimum.accumulate(bars.close), np.maximum.accumulate(bars.close)
        return 1.0 - (bars.close - low) / np.maximum(high - low, 1e-9)


class Trailing(SignalStrategy):
    """A moving average that ends at its bar."""

    def signals(self, bars):
        closes = frames(bars)
        return (closes < closes.rolling(11, min_periods=1).mean()).astype(float).to_numpy()


class FilledForward(SignalStrategy):
    """Monthly closes carried on."""

    def signals(self, bars):
        closes = frames(bars)
        monthly = closes.iloc[20::21].reindex(closes.index).ffill()
        return (monthly > closes).astype(float).to_numpy()


class Causal(SignalStrategy):
    """A recursive filter, forwards only."""

    def signals(self, bars):
        numerator, denominator = filters.butter(2, 0.1)
        smooth = filters.lfilter(numerator, denominator, bars.close, axis=0)
        return (np.diff(smooth, axis=0, prepend=0.0) > 0.0).astype(float)


class Convolved(SignalStrategy):
    """A convolution whose result is cut where the past ends."""

    def signals(self, bars):
        weights = np.arange(1.0, 11.0) / 55.0
        smooth = np.column_stack([np.convolve(column, weights)[: len(column)] for column in bars.close.T])
        return (bars.close > smooth).astype(float)


class Backwards(SignalStrategy):
    """Turned round twice: it looks like peeking and is none."""

    def signals(self, bars):
        turned = bars.close[::-1][::-1]
        return (np.diff(turned, axis=0, prepend=turned[:1]) > 0.0).astype(float)


class RollingTrend(SignalStrategy):
    """The slope of the last twenty bars."""

    def signals(self, bars):
        found = np.full_like(bars.close, np.nan)
        for row in range(19, len(found)):
            found[row] = np.polyfit(np.arange(20), bars.close[row - 19 : row + 1], 1)[0] > 0.0
        return found


class ConfirmedPivot(SignalStrategy):
    """A low that was the lowest of ten bars on either side, bought ten bars later, when that is known."""

    def signals(self, bars):
        low = pd.DataFrame(bars.low)
        lowest = low == low.rolling(21, center=True).min()
        return lowest.shift(10, fill_value=False).astype(float).to_numpy()


class Oscillator(SignalStrategy):
    """TA-Lib's RSI."""

    def signals(self, bars):
        columns = [talib.RSI(np.ascontiguousarray(column), 14) for column in bars.close.T]
        return (np.column_stack(columns) < 40.0).astype(float)


class Bands(SignalStrategy):
    """TA-Lib's Bollinger bands."""

    def signals(self, bars):
        found = np.zeros_like(bars.close)
        for place, column in enumerate(bars.close.T):
            _, _, lower = talib.BBANDS(np.ascontiguousarray(column), 20, 2.0, 2.0)
            found[:, place] = column < lower
        return found


class ByVolume(SignalStrategy):
    """More volume than its average."""

    def signals(self, bars):
        volume = pd.DataFrame(bars.volume)
        return (volume > volume.rolling(20, min_periods=1).mean()).astype(float).to_numpy()


class RankSoFar(SignalStrategy):
    """Where the close stands among those so far."""

    def signals(self, bars):
        return (frames(bars).expanding().rank(pct=True) < 0.2).astype(float).to_numpy()


class Refitted(SignalStrategy):
    """A regression fitted anew each month to what is behind it."""

    def signals(self, bars):
        change = np.nan_to_num(np.diff(np.log(bars.close), axis=0, prepend=np.nan))
        found = np.zeros_like(change)
        for column in range(change.shape[1]):
            lags = np.column_stack([pd.Series(change[:, column]).shift(lag).fillna(0.0) for lag in (1, 2, 3)])
            for row in range(63, len(change), 21):
                model = LinearRegression().fit(lags[:row], change[:row, column])
                found[row : row + 21, column] = model.predict(lags[row : row + 21])
        return np.clip(found * 50.0, -1.0, 1.0)


class Always(SignalStrategy):
    """Long from the first bar on."""

    def signals(self, bars):
        return np.ones_like(bars.close)


class ByTheCalendar(SignalStrategy):
    """Long in the first days of a month: the date is known."""

    def signals(self, bars):
        days = pd.DatetimeIndex(bars.timestamp.view("datetime64[ns]")).day.to_numpy()
        return np.repeat((days <= 5).astype(float)[:, None], bars.close.shape[1], axis=1)


class BestSoFar(SignalStrategy):
    """The one that has risen most in the last quarter."""

    def signals(self, bars):
        found = np.full_like(bars.close, np.nan)
        for row in range(63, len(found), 21):
            found[row] = 0.0
            found[row, int(np.argmax(bars.close[row] / bars.close[row - 63]))] = 1.0
        return found


class HedgedByThePast(SignalStrategy):
    """A hedge ratio from the last sixty bars."""

    def signals(self, bars):
        left, right = pd.Series(np.log(bars.close[:, 0])), pd.Series(np.log(bars.close[:, 1]))
        slope = left.rolling(60).cov(right) / right.rolling(60).var()
        spread = left - slope * right
        found = np.zeros_like(bars.close)
        found[:, 0] = np.clip(-(spread - spread.rolling(20).mean()) * 10.0, -1.0, 1.0).fillna(0.0)
        return found


class Risk(SignalStrategy):
    """Less of what is risky: a registered feature."""

    def signals(self, bars):
        return np.clip(0.01 / bars.feature("var_95_1d"), 0.0, 1.0)


class Exponential(SignalStrategy):
    """An exponential average, the usual way round."""

    def signals(self, bars):
        return (frames(bars).ewm(span=20).mean() < bars.close).astype(float).to_numpy()


class Breakout(Strategy):
    """A new high of forty bars."""

    def on_bar(self, ctx):
        for symbol in ctx.symbols:
            bars = ctx.bars(symbol)
            if len(bars) > 40 and bars.close[-1] > bars.high[-41:-1].max():
                ctx.target(symbol, 1.0)
            elif len(bars) > 40 and bars.close[-1] < bars.low[-21:-1].min():
                ctx.target(symbol, 0.0)


class LimitBelow(Strategy):
    """Limit orders under the close, taken back at the next bar."""

    def on_bar(self, ctx):
        ctx.cancel_all()
        for symbol in ctx.symbols:
            close = ctx.bars(symbol).close[-1]
            if ctx.position(symbol).quantity == 0:
                ctx.buy(symbol, 10, order_type="limit", limit_price=round(close * 0.99, 2))
            elif len(ctx.bars(symbol)) % 10 == 0:
                ctx.close(symbol)


class Bracketed(Strategy):
    """Entries with both exits; reacts to its fills."""

    wins: int = 0

    def on_start(self, ctx):
        self._filled = 0

    def on_fill(self, ctx, fill):
        self._filled += 1

    def on_bar(self, ctx):
        for symbol in ctx.symbols:
            close = ctx.bars(symbol).close[-1]
            if ctx.position(symbol).quantity == 0 and self._filled % 3 != 1 and not ctx.open_orders(symbol):
                ctx.bracket(symbol, 5, take_profit=round(close * 1.04, 2), stop_loss=round(close * 0.97, 2))
            elif self._filled % 3 == 1:
                self._filled += 1


class Weighted(Strategy):
    """A whole portfolio by inverse volatility, every twenty bars; sells everything when told to stop."""

    def on_bar(self, ctx):
        if len(ctx.bars(ctx.symbols[0])) % 20 == 0:
            spread = {symbol: np.std(np.diff(np.log(ctx.bars(symbol).close[-60:]))) for symbol in ctx.symbols}
            ctx.rebalance({symbol: 0.04 / spread[symbol] / sum(1.0 / one for one in spread.values()) for symbol in ctx.symbols})

    def on_stop(self, ctx):
        for symbol in ctx.symbols:
            ctx.close(symbol)


class Scheduled(Strategy):
    """Acts by the session clock."""

    def on_start(self, ctx):
        ctx.schedule("market_close", self.at_close)

    def at_close(self, ctx):
        for symbol in ctx.symbols:
            change = ctx.bars(symbol).close[-1] - ctx.bars(symbol).open[-1]
            ctx.target(symbol, 1.0 if change > 0.0 else 0.0)


class CrossingInBacktrader(bt.Strategy):
    """Two averages of backtrader's own."""

    def __init__(self):
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=5), bt.ind.SMA(period=15))

    def next(self):
        if self.cross > 0 and not self.position:
            self.buy(size=10)
        elif self.cross < 0 and self.position:
            self.close()


class PullbackInBacktrader(bt.Strategy):
    """Buys weakness over the long average, with a stop that trails."""

    def __init__(self):
        self.average, self.rsi = bt.ind.SMA(period=40), bt.ind.RSI(period=5)

    def next(self):
        if not self.position and self.data.close[0] > self.average[0] and self.rsi[0] < 40:
            self.buy(size=5)
        elif self.position and self.rsi[0] > 60:
            self.close()
