"""Inputs for property tests: ordinary returns, and arrays with anything in them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

#: Return-like numbers on a grid, so that ties are common.
ticks = st.integers(-400, 400).map(lambda step: step / 2000.0)
confidences = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.975, 0.99])
odd_numbers = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, 1e30, -1e30, 1e31, 1.8e308, -1.8e308, np.nan, np.inf, -np.inf]),
    st.floats(),
    ticks,
)
odd_confidences = st.one_of(st.sampled_from([0.95, 0.99, 0.5, 0.0, 1.0, -1.0, 2.0, np.nan, np.inf, 1e-300, 1.0 - 1e-16]), st.floats())


def returns(smallest: int = 20, largest: int = 120) -> st.SearchStrategy[np.ndarray]:
    """A window of plain returns."""
    return hnp.arrays(np.float64, st.integers(smallest, largest), elements=ticks)


def panels(rows: int, columns: int) -> st.SearchStrategy[np.ndarray]:
    """Joint plain returns of a fixed shape."""
    return hnp.arrays(np.float64, (rows, columns), elements=ticks)


def odd(dimensions: int = 1, longest: int = 40) -> st.SearchStrategy[np.ndarray]:
    """An array of anything: empty, broken, huge, tiny, constant."""
    shapes = hnp.array_shapes(min_dims=dimensions, max_dims=dimensions, min_side=0, max_side=longest)
    return hnp.arrays(np.float64, shapes, elements=odd_numbers, fill=odd_numbers)
