"""How do returns move together? Covariance matrices of a joint history, and their repair."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import fault_of
from framework.rules.risk.ewma import DAILY_DECAY, fault_of_decay

if TYPE_CHECKING:
    from framework.domain.market import Floats


def _none(history: Floats) -> Floats:
    columns = history.shape[1] if history.ndim > 1 else 1
    return np.full((columns, columns), math.nan)


def sample_covariance(history: Floats) -> Floats:
    """Covariance [N, N] of ``history`` [T, N], T >= 2, with T - 1; all NaN where a value cannot be used.

    Singular for T <= N and noisy well beyond: prefer :func:`ledoit_wolf` when the window is not several times as long as the list of
    symbols.
    """
    if fault_of(history, 2, 2):
        return _none(history)
    centred = history - history.mean(axis=0)
    return np.asarray(centred.T @ centred / (len(history) - 1))


def ewma_covariance(history: Floats, decay: float = DAILY_DECAY) -> Floats:
    """Zero-mean covariance [N, N] of ``history`` [T, N], weights ``decay ** age`` over their sum (RiskMetrics 1996); NaN where unusable."""
    if fault_of(history, 1, 2) or fault_of_decay(decay):
        return _none(history)
    weights = decay ** np.arange(len(history) - 1, -1, -1.0)
    return np.asarray((history * (weights / weights.sum())[:, None]).T @ history)


def ledoit_wolf(history: Floats) -> tuple[Floats, float]:
    """Covariance shrunk towards a multiple of the identity, and the intensity in [0, 1] (0 keeps the sample, 1 the identity).

    Formula: (1 - d) S + d m I, S the covariance with T, m its mean variance, d the estimated share of S's distance from m I that is noise.
    Source: Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance matrices (2004), section 3.3. Positive definite
    unless nothing varies. Assumes independent days; pulls correlations towards zero, which flatters a concentrated book. NaN where a value
    of ``history`` [T, N] cannot be used.
    """
    if fault_of(history, 2, 2) or history.shape[1] == 0:
        return _none(history), math.nan
    rows, columns = history.shape
    centred = history - history.mean(axis=0)
    sample = centred.T @ centred / rows
    level = float(np.trace(sample)) / columns
    identity = np.eye(columns)
    distance = float(np.sum((sample - level * identity) ** 2)) / columns
    squares = centred * centred
    noise = (float(np.sum(squares.T @ squares)) / rows - float(np.sum(sample * sample))) / (rows * columns)
    intensity = min(max(noise, 0.0) / distance, 1.0) if distance > 0.0 else 0.0
    return np.asarray((1.0 - intensity) * sample + intensity * level * identity), intensity


def nearest_psd(matrix: Floats) -> Floats:
    """``matrix`` [N, N] made symmetric with its negative eigenvalues set to zero: the nearest positive semidefinite one (Higham 1988).

    A correlation matrix of pairwise histories needs it before anything is drawn from it. All NaN where a value cannot be used.
    """
    root = factor(matrix)
    return np.asarray(root @ root.T)


def factor(matrix: Floats) -> Floats:
    """F [N, N] with F F' = :func:`nearest_psd` of ``matrix``, by its eigenvectors: a Cholesky factor of a singular one may not exist."""
    if fault_of(matrix, 1, 2) or matrix.shape[0] != matrix.shape[1]:
        return np.full_like(matrix, math.nan)
    eigenvalues, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    return np.asarray(vectors * np.sqrt(np.maximum(eigenvalues, 0.0)))
