"""Thirty strategies that look ahead, each in a way that people have really fallen for; the docstring says how."""

from __future__ import annotations

import backtrader as bt
import numpy as np
import pandas as pd
import talib
from scipy import signal as filters
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

from framework import SignalStrategy, Strategy


def frames(bars):
    """Closes as a table."""
    return pd.DataFrame(bars.close, columns=bars.symbols)


class NextReturn(SignalStrategy):
    """Tomorrow's return, by a shift the wrong way."""

    def signals(self, bars):
        return (frames(bars).pct_change().shift(-1) > 0.0).astype(float).to_numpy()


class RolledOver(SignalStrategy):
    """``np.roll`` by -1: tomorrow's close, and the first bar's at the end."""

    def signals(self, bars):
        return (np.roll(bars.close, -1, axis=0) > bars.close).astype(float)


class WholeMean(SignalStrategy):
    """Below the mean of the whole history, the part to come included."""

    def signals(self, bars):
        return (bars.close < np.nanmean(bars.close, axis=0)).astype(float)


class WholeScore(SignalStrategy):
    """A z-score with the deviation of all returns there will be."""

    def signals(self, bars):
        change = frames(bars).pct_change().fillna(0.0)
        return np.clip(-(change - change.mean()) / change.std() / 5.0, -1.0, 1.0).to_numpy()


class Normalised(SignalStrategy):
    """Prices between 0 and 1, by a lowest and a highest that are still to come."""

    def signals(self, bars):
        low, high = bars.close.min(axis=0), bars.close.max(axis=0)
        return 1.0 - (bars.close - low) / (high - low)


class Centered(SignalStrategy):
    """A centred moving average: half of it lies ahead."""

    def signals(self, bars):
        closes = frames(bars)
        return (closes < closes.rolling(11, center=True, min_periods=1).mean()).astype(float).to_numpy()


class FilledBack(SignalStrategy):
    """Gaps of an indicator filled from behind: its first values are known before they were."""

    def signals(self, bars):
        closes = frames(bars)
        monthly = closes.iloc[20::21].reindex(closes.index).bfill()
        return (monthly > closes).astype(float).to_numpy()


class Interpolated(SignalStrategy):
    """Monthly closes joined by straight lines, which point to the next one."""

    def signals(self, bars):
        closes = frames(bars)
        monthly = closes.iloc[::21].reindex(closes.index).interpolate(limit_area="inside")
        return (monthly.diff() > 0.0).astype(float).to_numpy()


class Smoothed(SignalStrategy):
    """Filtered forwards and backwards, so that nothing lags."""

    def signals(self, bars):
        numerator, denominator = filters.butter(2, 0.1)
        smooth = filters.filtfilt(numerator, denominator, bars.close, axis=0)
        return (np.gradient(smooth, axis=0) > 0.0).astype(float)


class SavitzkyGolay(SignalStrategy):
    """A polynomial through the bars on both sides."""

    def signals(self, bars):
        return (filters.savgol_filter(bars.close, 21, 2, deriv=1, axis=0) > 0.0).astype(float)


class Fourier(SignalStrategy):
    """The slow waves of the whole history."""

    def signals(self, bars):
        waves = np.fft.rfft(bars.close, axis=0)
        waves[12:] = 0.0
        return (np.gradient(np.fft.irfft(waves, len(bars.close), axis=0), axis=0) > 0.0).astype(float)


class Gradient(SignalStrategy):
    """``np.gradient`` takes the difference of the neighbours on both sides."""

    def signals(self, bars):
        return (np.gradient(bars.close, axis=0) > 0.0).astype(float)


class Trend(SignalStrategy):
    """Above or below the straight line through all bars."""

    def signals(self, bars):
        time = np.arange(len(bars.close))
        fits = [np.polyval(np.polyfit(time, column, 1), time) for column in bars.close.T]
        return (bars.close < np.column_stack(fits)).astype(float)


class Pivot(SignalStrategy):
    """Buys the lows that are the lowest of ten bars on either side, on the day itself."""

    def signals(self, bars):
        low = pd.DataFrame(bars.low)
        lowest = low.rolling(21, center=True, min_periods=1).min()
        return np.where(low == lowest, 1.0, 0.0)


class TomorrowsRange(SignalStrategy):
    """Holds through days that will have a wide range."""

    def signals(self, bars):
        wide = (bars.high - bars.low) / bars.close
        return np.vstack([wide[1:] > 0.02, np.zeros_like(wide[:1], dtype=bool)]).astype(float)


class TomorrowsVolume(SignalStrategy):
    """Volume of the next bar, one row off."""

    def signals(self, bars):
        volume = pd.DataFrame(bars.volume)
        return (volume.shift(-1) > volume.rolling(20, min_periods=1).mean()).astype(float).to_numpy()


class BestQuantile(SignalStrategy):
    """The lowest fifth of all closes, past and to come."""

    def signals(self, bars):
        return (frames(bars).rank(pct=True) < 0.2).astype(float).to_numpy()


class Fitted(SignalStrategy):
    """A regression fitted to the whole history and asked about each of its days."""

    def signals(self, bars):
        change = np.diff(np.log(bars.close), axis=0, prepend=np.nan)
        found = np.zeros_like(change)
        for column in range(change.shape[1]):
            features = np.nan_to_num(np.column_stack([np.roll(change[:, column], lag) for lag in (1, 2, 3)]))
            model = LinearRegression().fit(features, np.nan_to_num(change[:, column]))
            found[:, column] = model.predict(features)
        return np.clip(found * 50.0, -1.0, 1.0)


class Scaled(SignalStrategy):
    """A scaler fitted to everything before the split into what is known and what is not."""

    def signals(self, bars):
        return np.clip(-StandardScaler().fit_transform(np.log(bars.close)) / 4.0, -1.0, 1.0)


class KnowsTheEnd(SignalStrategy):
    """Sells twenty bars before the data ends."""

    def signals(self, bars):
        found = np.ones_like(bars.close)
        found[-20:] = 0.0
        return found


class BestOfAll(SignalStrategy):
    """Holds the symbol that will have risen most in the end."""

    def signals(self, bars):
        found = np.zeros_like(bars.close)
        found[:, int(np.argmax(bars.close[-1] / bars.close[0]))] = 1.0
        return found


class Warmed(SignalStrategy):
    """An exponential average run backwards."""

    def signals(self, bars):
        backwards = frames(bars).iloc[::-1].ewm(span=20).mean().iloc[::-1]
        return (backwards > bars.close).astype(float).to_numpy()


class HedgedByAll(SignalStrategy):
    """A hedge ratio from all bars, used from the first on."""

    def signals(self, bars):
        left, right = np.log(bars.close[:, 0]), np.log(bars.close[:, 1])
        slope = np.polyfit(right, left, 1)[0]
        spread = left - slope * right
        found = np.zeros_like(bars.close)
        found[:, 0] = np.clip(-(spread - pd.Series(spread).rolling(20, min_periods=1).mean()) * 10.0, -1.0, 1.0)
        return found


class OneRowOff(SignalStrategy):
    """TA-Lib's average, cut and pasted one row too early."""

    def signals(self, bars):
        found = np.zeros_like(bars.close)
        for column in range(found.shape[1]):
            average = talib.SMA(np.ascontiguousarray(bars.close[:, column]), 5)
            found[:-1, column] = average[1:] > bars.close[:-1, column]
        return found


class BaseOfTheView(Strategy):
    """The array behind the view knows all closes."""

    def on_bar(self, ctx):
        for symbol in ctx.symbols:
            closes = ctx.bars(symbol).close
            future = closes if closes.base is None else closes.base
            ctx.target(symbol, float(future[min(len(closes), len(future) - 1)] > closes[-1]))


class BehindTheDesk(Strategy):
    """Looks at the market's own columns when it starts, and remembers the best day to buy."""

    def on_start(self, ctx):
        self._lows = {one.symbol: int(one.timestamp[np.argmin(one.low)]) for one in ctx._desk.market.adjusted}

    def on_bar(self, ctx):
        for symbol in ctx.symbols:
            if ctx.bars(symbol).timestamp.view(np.int64)[-1] == self._lows[symbol]:
                ctx.target(symbol, 1.0)


class SizedByTheEnd(Strategy):
    """Buys always, more where the last close of all is higher."""

    def on_bar(self, ctx):
        for symbol in ctx.symbols:
            closes = ctx.bars(symbol).close
            if len(closes) % 15 == 0:
                ctx.buy(symbol, 1 + int(ctx._desk.market.adjusted[0].close[-1]) % 50)


class Counted(Strategy):
    """Knows how many bars there will be, and gets out in time."""

    def on_start(self, ctx):
        self._left = len(ctx._desk.market.adjusted[0]) - ctx._desk.market.cursor[0]

    def on_bar(self, ctx):
        self._left -= 1
        for symbol in ctx.symbols:
            ctx.target(symbol, 1.0 if self._left > 30 else 0.0)


class TomorrowInBacktrader(bt.Strategy):
    """``close[1]`` is refused; the array of the line has it all the same."""

    def next(self):
        line = self.data.close
        tomorrow = line.array[min(line.idx + 1, len(line.array) - 1)]
        if tomorrow > line[0] and not self.position:
            self.buy(size=1)
        elif tomorrow < line[0] and self.position:
            self.close()


class WholeArrayInBacktrader(bt.Strategy):
    """The highest of the line's array, which is full from the start."""

    def next(self):
        highest = max(self.data.close.array)
        if self.data.close[0] < 0.9 * highest and not self.position:
            self.buy(size=1)
        elif self.data.close[0] > 0.95 * highest and self.position:
            self.close()
