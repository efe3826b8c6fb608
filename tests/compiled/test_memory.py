"""What the loop asks of memory it gives back."""

from __future__ import annotations

import numpy as np
import pytest

from framework.app.assembly.assemble import backtest
from framework.app.backtest.compiling import attempted
from tests.compiled.drawn import drawn_case


@pytest.mark.campaign
def test_a_run_leaves_no_memory_behind():
    from numba.core.runtime import _nrt_python, rtsys

    from framework.compiled.jit import KERNEL

    case = drawn_case(1_001)
    _nrt_python.memsys_enable_stats()
    counts = []
    for _ in range(3):
        attempted(case.config, case.strategy, case.dataset, backtest(case.config, case.strategy, case.dataset), KERNEL)
        stats = rtsys.get_allocation_stats()
        counts.append((stats.alloc - stats.free, stats.mi_alloc - stats.mi_free))
    assert np.ptp(counts[1:], axis=0).tolist() == [0, 0]
