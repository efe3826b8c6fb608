"""How much does the growth of capital ask for? Kelly fractions, each under its own name because they differ.

All take simple returns and give a fraction of equity, 1 = all of it. NaN means that there is no estimate; nothing raises. On the same daily
returns of a stock the three one-asset formulas may say 1.48, 1.25 and 0.06, so a size states which one it used. Every estimate is noisy:
with 13 years of daily data the standard error of the mean is still 40 % of it. Use a half at most; a quarter is the default here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework.domain.market import Floats

#: A growth-optimal leverage above this is not a finding but a series without losses.
LARGEST_LEVERAGE = 1e6
#: 2 ** -64 of the bracket: below the spacing of floats.
_HALVINGS = 64
_WORST_CONDITION = 1e12


def fixed_odds(win_rate: float, payoff: float) -> float:
    """Fraction of equity to stake on a bet that pays ``payoff`` times the stake or loses it (Kelly 1956): p - (1 - p) / b.

    Args:
        win_rate: p, in [0, 1].
        payoff: b, mean win over mean loss; > 0, infinite when nothing was ever lost.

    Returns:
        At most 1; negative when the edge is. NaN outside the ranges.
    """
    if not (0.0 <= win_rate <= 1.0 and payoff > 0.0):
        return math.nan
    return win_rate - (1.0 - win_rate) / payoff


def from_trades(returns: Floats, min_trades: int) -> float:
    """Fixed-odds Kelly fraction of a trade history, not below 0.

    p is wins over wins and losses, b the mean win over the mean loss; trades that ended at 0 count towards the sample only. Used as the
    share of equity to invest it treats a loss as a loss of the whole stake, and so stays below the growth-optimal size of smaller losses.

    Args:
        returns: float64 [n], return of each closed trade as a fraction of its entry value.
        min_trades: Fewer trades than this are no history.

    Returns:
        Fraction in [0, 1]; 0 without an edge; NaN with too few trades or one that is not a number.
    """
    if len(returns) < min_trades or not np.isfinite(returns).all():
        return math.nan
    wins, losses = returns[returns > 0.0], -returns[returns < 0.0]
    if len(wins) == 0:
        return 0.0
    with np.errstate(all="ignore"):
        payoff = float(wins.mean() / losses.mean()) if len(losses) else math.inf
    fraction = fixed_odds(len(wins) / (len(wins) + len(losses)), payoff)
    return max(fraction, 0.0)


def mean_variance(returns: Floats) -> float:
    """Leverage that maximises growth to second order (Thorp 2006): mean / variance (ddof = 1) of ``returns`` (float64 [n]).

    The returns are in excess of the riskless rate, of any one frequency. Too high where the tails are fat. NaN for fewer than two
    returns, a return that is not finite, or no variance.
    """
    if len(returns) < 2 or not np.isfinite(returns).all() or _is_constant(returns).any():
        return math.nan
    with np.errstate(all="ignore"):
        mean, variance = float(returns.mean()), float(returns.var(ddof=1))
    return mean / variance if 0.0 < variance < math.inf else math.nan


def _is_constant(returns: Floats) -> NDArray[np.bool_]:
    """Whether each column is one number throughout; its computed variance may be a rounding error above 0."""
    return np.asarray(returns.min(axis=0) == returns.max(axis=0))


def growth_optimal(returns: Floats) -> float:
    """Leverage f that maximises the mean of log(1 + f * r) over the returns as they came (float64 [n]), not below 0.

    Found by halving the interval in which the derivative, mean(r / (1 + f r)), changes its sign; it never stakes more than the worst return
    leaves alive. NaN for no or non-finite returns; ``LARGEST_LEVERAGE`` bounds a history without losses.
    """
    if len(returns) == 0 or not np.isfinite(returns).all():
        return math.nan
    worst = -float(returns.min())
    low, high = 0.0, min(1.0 / worst, LARGEST_LEVERAGE) if worst > 1.0 / LARGEST_LEVERAGE else LARGEST_LEVERAGE
    with np.errstate(all="ignore"):
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if float((returns / (1.0 + middle * returns)).mean()) > 0.0 else (low, middle)
    return low


def portfolio(returns: Floats) -> Floats:
    """Leverage in each of several assets (Thorp 2006): inverse covariance (ddof = 1) times mean.

    Args:
        returns: float64 [T, N], excess returns, one column for each asset.

    Returns:
        float64 [N]; all NaN when the covariance cannot be inverted (T <= N, assets that repeat one another, no variance) or a return is
        not finite.
    """
    count, assets = returns.shape
    nothing = np.full(assets, np.nan)
    if count <= assets or count < 2 or assets == 0 or not np.isfinite(returns).all() or _is_constant(returns).any():
        return nothing
    with np.errstate(all="ignore"):
        mean, covariance = returns.mean(axis=0), np.cov(returns, rowvar=False, ddof=1).reshape(assets, assets)
        if not np.isfinite(covariance).all() or not np.linalg.cond(covariance) < _WORST_CONDITION:
            return nothing
        leverage: Floats = np.linalg.solve(covariance, mean)
    return leverage
