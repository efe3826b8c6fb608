"""The calmest portfolio of what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from framework import Strategy
from strategies.indicators import check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework import Context

    Floats = NDArray[np.float64]


def minimum_variance(covariance: Floats) -> Floats:
    """Weights [N], none below 0, sum 1, of the least variance for ``covariance`` [N, N], positive definite.

    Of any weights with the sum s, w'Cw + (1 - s)^2 is least in the direction in which w'Cw is least for s = 1: a non-negative least-squares
    problem (Lawson and Hanson 1974), whose answer is scaled to 1.
    """
    from scipy.optimize import nnls

    root = np.linalg.cholesky(covariance / np.trace(covariance)).T
    found, _ = nnls(np.vstack([root, np.ones(len(root))]), np.append(np.zeros(len(root)), 1.0))
    weights: Floats = found / found.sum()
    return weights


class MinimumVariance(Strategy):
    """Every ``rebalance`` bars, the weights with the least variance of the last ``lookback`` returns, none short.

    Bets that calm shares earn as much as wild ones, and that covariances last longer than means (Haugen and Baker 1991; Clarke, de Silva
    and Thorley 2006). It fails when correlations jump to one, and it is concentrated: ``shrink`` draws the covariance towards its diagonal
    against that. Weights pass the limits like any target; caps below them are what is held.

    Parameters:
        lookback: Returns over which the covariance is measured, 20 to 1000.
        rebalance: Bars between two portfolios, 1 to 250.
        shrink: Weight of the diagonal in the covariance, 0.01 to 1; 1 is inverse variance.
        invested: Share of equity that is invested, 0.05 to 1.
    """

    lookback: int = 120
    rebalance: int = 21
    shrink: float = 0.2
    invested: float = 0.9

    def on_start(self, ctx: Context) -> None:
        """Check the parameters."""
        check(self, lookback=(20, 1000), rebalance=(1, 250), shrink=(0.01, 1.0), invested=(0.05, 1.0))
        ctx.state.setdefault("bars", 0)

    def on_bar(self, ctx: Context) -> None:
        """Ask for a portfolio where it is time."""
        seen = cast("int", ctx.state["bars"])
        ctx.state["bars"] = seen + 1
        if seen % self.rebalance == 0:
            weights = self._weights(ctx)
            if weights:
                ctx.rebalance(weights, tag="minimum variance")

    def _weights(self, ctx: Context) -> dict[str, float]:
        """Of the symbols with bars enough that moved at all."""
        closes = {symbol: ctx.bars(symbol).close[-self.lookback - 1 :] for symbol in ctx.symbols}
        known = {symbol: np.diff(close) / close[:-1] for symbol, close in closes.items() if len(close) == self.lookback + 1}
        moved = {symbol: returns for symbol, returns in known.items() if returns.std() > 0.0}
        if not moved:
            return {}
        covariance = np.atleast_2d(np.cov(np.vstack(list(moved.values()))))
        mixed = (1.0 - self.shrink) * covariance + self.shrink * np.diag(np.diag(covariance))
        return dict(zip(moved, (self.invested * minimum_variance(mixed)).tolist(), strict=True))
