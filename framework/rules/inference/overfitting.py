"""Does the best setting of a search stay good on data it was not chosen on? Combinatorially symmetric cross-validation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.benchmark import regress
from framework.rules.risk.estimate import ROUNDING, fault_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from framework.domain.market import Floats, Integers

    Flags = NDArray[np.bool_]

#: 184,756 splits; two blocks more would be four times as many.
MOST_BLOCKS = 20
#: Ratios [splits, N] held at once.
_RATIOS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Overfitting:
    """What became, in every split, of the trial that was best in one half; NaN, empty arrays and a note where there is no answer.

    Attributes:
        probability: PBO, the share of splits in which that trial was no better than the median of all in the other half (logit <= 0).
        logits: float64 [splits], log(w / (1 - w)) of its relative rank w = rank / (N + 1) there; above 0 is the upper half.
        in_sample: float64 [splits], its Sharpe ratio of one period in the half it was chosen on.
        out_of_sample: float64 [splits], its ratio in the other half.
        note: Why there is no answer.
    """

    probability: float
    logits: Floats
    in_sample: Floats
    out_of_sample: Floats
    note: str = ""

    @property
    def median_logit(self) -> float:
        """Median of the logits; NaN where there are none."""
        return float(np.median(self.logits)) if self.logits.size else math.nan

    @property
    def loss_probability(self) -> float:
        """Share of splits in which the chosen trial lost money (ratio below 0) in the other half; NaN where there are none."""
        return float(np.mean(self.out_of_sample < 0.0)) if self.logits.size else math.nan

    @property
    def degradation(self) -> float:
        """Slope of the ratio out of sample on the ratio in sample (least squares): below 0, the better the fit the worse what follows."""
        return regress(self.out_of_sample, self.in_sample).beta


def backtest_overfitting(returns: Floats, blocks: int = 16) -> Overfitting:
    """PBO: how often the best of N trials in one half of the time is below the median of all N in the other half.

    The rows are cut into S contiguous blocks; each of the C(S, S / 2) ways to take half of them is a split. The trial with the highest
    Sharpe ratio in the half taken (the first of equals) is ranked among all N in the rest, 1 worst, equals sharing their mean rank. Source:
    Bailey, Borwein, Lopez de Prado and Zhu, The Probability of Backtest Overfitting (2017). A PBO near 0.5 says that the choice was no
    better than a throw of dice, one above it that it did harm. Sharpe ratio: mean over standard deviation (n - 1) of a half; 0 in a half in
    which a trial did not trade.

    Assumes that the blocks are long beside the memory of returns and positions, which reach across their borders, and that all trials are
    given: PBO is a property of the whole search. Wrong when only the good trials were kept, with few trials (N = 2 knows three ranks), and
    for near copies of one strategy, whose order among themselves is noise.

    Args:
        returns: float64 [T, N], one column for each trial, N >= 2, T >= 2 S, same rows for all, oldest first, after costs.
        blocks: S, even, 2 to 20; 16 is usual. Blocks differ by one row at most where S does not divide T (the longer ones first).

    Returns:
        The verdict, or one whose note says why there is none.
    """
    if fault := _fault_of_search(returns, blocks):
        return _no_verdict(fault)
    chosen = list(combinations(range(blocks), blocks // 2))
    taken = np.zeros((len(chosen), blocks), dtype=np.bool_)
    np.put_along_axis(taken, np.asarray(chosen), values=True, axis=1)
    parts = _Blocks.of(returns, blocks)
    rows = max(_RATIOS_AT_ONCE // returns.shape[1], 1)
    verdicts = []
    for start in range(0, len(taken), rows):
        half = taken[start : start + rows]
        inside, outside = parts.ratios(half), parts.ratios(~half)
        if (riskless := np.isnan(inside + outside).any(axis=0)).any():
            return _no_verdict(f"trial {int(np.argmax(riskless))} earns the same amount in every row of a half: no Sharpe ratio there")
        verdicts.append(_followed(inside, outside))
    ranks, in_sample, out_of_sample = (np.concatenate(column) for column in zip(*verdicts, strict=True))
    share = ranks / (returns.shape[1] + 1.0)
    logits = np.log(share / (1.0 - share))
    return Overfitting(float(np.mean(logits <= 0.0)), logits, in_sample, out_of_sample)


def _fault_of_search(returns: Floats, blocks: int) -> str:
    if blocks % 2 or not 2 <= blocks <= MOST_BLOCKS:
        return f"{blocks} blocks; an even number from 2 to {MOST_BLOCKS} is needed"
    if fault := fault_of(returns, 2 * blocks, 2):
        return fault
    return "" if returns.shape[1] >= 2 else f"{returns.shape[1]} trials; at least 2 are needed to choose from"


def _no_verdict(note: str) -> Overfitting:
    nothing = np.empty(0)
    return Overfitting(math.nan, nothing, nothing, nothing, note)


def _followed(inside: Floats, outside: Floats) -> tuple[Floats, Floats, Floats]:
    """For each split (row): rank outside of the column that is best inside, and its two ratios."""
    best = np.argmax(inside, axis=1)[:, None]
    own = np.take_along_axis(outside, best, axis=1)
    below, equal = np.count_nonzero(outside < own, axis=1), np.count_nonzero(outside == own, axis=1)
    return below + 0.5 * (equal + 1.0), np.take_along_axis(inside, best, axis=1)[:, 0], own[:, 0]


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Rows [S], means [S, N] and sums of squares around them [S, N] of each block; each column in units of its largest value."""

    rows: Integers
    means: Floats
    squares: Floats

    @classmethod
    def of(cls, returns: Floats, blocks: int) -> _Blocks:
        largest = np.abs(returns).max(axis=0)
        pieces = np.array_split(returns / np.where(largest > 0.0, largest, 1.0), blocks)
        means = np.array([piece.mean(axis=0) for piece in pieces])
        squares = np.array([((piece - mean) ** 2).sum(axis=0) for piece, mean in zip(pieces, means, strict=True)])
        return cls(np.array([len(piece) for piece in pieces]), means, squares)

    def ratios(self, half: Flags) -> Floats:
        """Sharpe ratios [splits, N] over the blocks that each row of ``half`` [splits, S] takes; NaN for a riskless gain or loss."""
        counts = (half @ self.rows)[:, None]
        sums = self.rows[:, None] * self.means
        mean = _added(half, lambda block: sums[block]) / counts
        # Around the blocks' means and these around the half's: only squares are added up, and nothing cancels.
        square = _added(half, lambda block: self.squares[block] + self.rows[block] * (self.means[block] - mean) ** 2)
        spread = np.sqrt(square / (counts - 1))
        still = spread <= ROUNDING
        ratios = np.where(still & (mean != 0.0), math.nan, 0.0)
        np.divide(mean, spread, out=ratios, where=~still)
        return ratios


def _added(half: Flags, values: Callable[[int], Floats]) -> Floats:
    """Sum [splits, N] of ``values`` of the blocks taken; block after block, not as a matrix product, so that equal columns stay equal."""
    total = np.where(half[:, :1], values(0), 0.0)
    for block in range(1, half.shape[1]):
        total += np.where(half[:, block, None], values(block), 0.0)
    return total
