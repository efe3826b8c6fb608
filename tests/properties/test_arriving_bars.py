"""A session on bars that arrive one by one decides what the backtest over all of them decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.app.assembly.assemble import rehearsal
from framework.engine.strategy import SignalStrategy
from tests.builders import play
from tests.properties.test_decisions import EXACT
from tests.properties.worlds import worlds


def assert_same(arrived, known):
    first, second = arrived.simulation.journal, known.simulation.journal
    assert first.fills == second.fills
    assert first.refusals == second.refusals
    assert first.account_events == second.account_events
    assert first.decisions_hash == second.decisions_hash
    assert arrived.equity == known.equity


@given(worlds(EXACT), st.data())
def test_the_order_path_does_not_know_whether_bars_arrive(world, data):
    first = data.draw(st.sampled_from(sorted({int(time) for one in world.series for time in one.timestamp})))
    assert_same(world.play(make=rehearsal, first=first), world.play(first=first))


class Turns(SignalStrategy):
    """Long above the mean of the last bars, short below it, no opinion before there are so many."""

    lookback: int = 3

    def signals(self, bars):
        signals = np.full(bars.close.shape, np.nan)
        for row in range(self.lookback, len(signals)):
            mean = np.nanmean(bars.close[row - self.lookback : row], axis=0)
            signals[row] = np.sign(bars.close[row] - mean) * 0.5
        return signals


@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")
@given(worlds(EXACT))
def test_signals_asked_for_bar_by_bar_are_those_of_the_whole(world):
    assert_same(play(Turns(), *world.series, make=rehearsal, **world.config), play(Turns(), *world.series, **world.config))
