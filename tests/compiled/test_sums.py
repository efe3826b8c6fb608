"""The loop's sums of floats are those of ``math.fsum``, whatever is added."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from framework.compiled.sums import exact_sum

VALUES = st.lists(st.floats(-1e12, 1e12) | st.sampled_from([1e16, -1e16, 1.0, 2**-53, -(2**-53), 1e-300]), max_size=12)


@given(VALUES)
def test_a_sum_is_rounded_once(values):
    assert exact_sum(np.array(values), len(values), np.empty(max(len(values), 1))) == math.fsum(values)
