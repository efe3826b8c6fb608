"""What the loop asks of memory it gives back."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from framework import SignalStrategy, run
from framework.app.assembly.assemble import backtest
from framework.app.backtest.compiling import attempted
from tests.compiled.drawn import drawn_case


class Alternating(SignalStrategy):
    """In at one bar, out at the next."""

    def signals(self, bars):
        return np.arange(len(bars.close))[:, None] % 2 == 0


@pytest.mark.campaign
def test_what_a_run_has_used_is_free_as_soon_as_its_record_is():
    settings = {
        "universe": {"symbols": ["IBM"]},
        "data": {"source": "sample"},
        "broker": {"name": "generic"},
        "stops": {"attach": "never"},
        "engine": {"name": "compiled"},
    }
    record = run(settings, strategy=Alternating).record
    assert record.engine == "compiled"
    assert len(record.fills) > 100
    used = [weakref.ref(array) for array in (record.equity, record.series["IBM"].close, record.timestamps)]
    gc.collect()
    gc.disable()
    try:
        del record
        assert [ref() is None for ref in used] == [True] * 3
    finally:
        gc.enable()


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
