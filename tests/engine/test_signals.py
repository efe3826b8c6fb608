"""Vectorised strategies: what a column of signals asks for, and when."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.engine.panel import issued, panel_of
from framework.engine.strategy import SignalStrategy
from framework.errors import StrategyError
from tests.builders import bars, daily, play, still

NAN = float("nan")
SIZED = {"sizing": {"method": "equal", "max_position_pct": 0.1}}


def plainly_issued(signals, close):
    """Bar by bar: a signal that differs from the symbol's last one, where it has a bar."""
    last, found = [0.0] * signals.shape[1], []
    for place, row in np.ndindex(signals.shape):
        strength = float(signals[place, row])
        if not np.isnan(strength) and not np.isnan(close[place, row]) and strength != last[row]:
            found.append((place, row, strength))
            last[row] = strength
    return found


@given(data=st.data(), symbols=st.integers(1, 5), length=st.integers(2, 40), kept=st.sampled_from([0.02, 0.1, 0.5, 1.0]))
def test_issued_is_what_changes_bar_by_bar_however_many_opinions_there_are(data, symbols, length, kept):
    dice = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    times = np.array(daily(length))
    lasting = [times[np.union1d(dice.permutation(length)[: dice.integers(1, length + 1)], [0, length - 1])] for _ in range(symbols)]
    panel = panel_of([bars(f"S{row}", still(100, len(own)), own) for row, own in enumerate(lasting)])
    kind = data.draw(st.sampled_from([np.float64, np.float32, np.int8, np.bool_]))
    signals = dice.choice([0.0, 0.5, 1.0, -0.0] if kind in {np.float64, np.float32} else [0, 1], panel.close.shape).astype(kind)
    if signals.dtype.kind == "f":
        signals[dice.random(signals.shape) >= kept] = NAN
    signals = data.draw(st.sampled_from([np.ascontiguousarray, np.asfortranarray]))(signals)
    start = data.draw(st.integers(0, len(panel.timestamp) - 1))
    found = issued(signals, panel, int(panel.timestamp[start]), "Given")
    expected = [(place + start, row, strength) for place, row, strength in plainly_issued(signals[start:], panel.close[start:])]
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected
    assert [column.dtype for column in found] == [np.int64, np.int64, np.float64]
    assert not np.signbit(found.strength).any()  # -0.0 is 0.0


@pytest.mark.parametrize("wrong", [np.int8([[2]]), np.int8([[-128]]), np.uint8([[255]]), np.float32([[1.5]])])
def test_strengths_of_any_type_lie_between_minus_one_and_one(wrong):
    panel = panel_of([bars("A", still(100, 1))])
    with pytest.raises(StrategyError, match=rf"{float(wrong[0, 0])} for A in row 0; a strength lies in"):
        issued(wrong, panel, 0, "Given")


class Given(SignalStrategy):
    """Returns the columns it was made with."""

    def __init__(self, *columns):
        super().__init__()
        self.columns = columns

    def signals(self, bars):
        self.panel = bars
        return np.array(self.columns, dtype=np.float64).T


def test_a_target_is_issued_when_the_signal_changes():
    played = play(Given([0, 1, 1, 1, 0.5, 0.5, 0]), bars("A", still(100, 7)), **SIZED)
    assert [(fill[0], fill[2]) for fill in played.fills] == [(2, 100.0), (5, -50.0)]
    assert [order.created_at for order in played.orders] == [played.times[1], played.times[4], played.times[6]]


def test_nan_is_no_opinion():
    played = play(Given([1, NAN, 1, NAN, 0, NAN]), bars("A", still(100, 6)), **SIZED)
    assert [(fill[0], fill[2]) for fill in played.fills] == [(1, 100.0), (5, -100.0)]


def test_a_leading_zero_asks_for_nothing():
    assert play(Given([0, NAN, 0]), bars("A", still(100, 3)), **SIZED).orders == []


def test_minus_zero_says_what_zero_says():
    reasons = [[order.reason for order in play(Given([1, zero, 1, 1]), bars("A", still(100, 4)), **SIZED).orders] for zero in (0.0, -0.0)]
    assert reasons[0] == reasons[1] == ["target 1 full", "target 0 full", "target 1 full"]


def test_minus_zero_says_what_zero_says_among_few_opinions():
    times = np.array(daily(100))
    panel = panel_of([bars(name, still(100, 100), times) for name in "AB"])
    signals = np.full((100, 2), NAN)
    signals[[5, 9], 1] = 1.0, -0.0
    found = issued(signals, panel, int(times[0]), "Given")
    assert (found.place.tolist(), found.row.tolist()) == ([5, 9], [1, 1])
    assert not np.signbit(found.strength).any()


def test_after_a_stop_out_there_is_no_re_entry_until_the_signal_changes():
    rows = [*still(100, 2), (100, 100, 90, 100), *still(100, 5)]
    played = play(Given([1, 1, 1, 1, 0, 1, 1, 1]), bars("A", rows), stops={"attach": "entries", "method": "percent", "percent": 5}, **SIZED)
    assert [(fill[0], round(fill[2])) for fill in played.fills] == [(1, 100), (2, -100), (6, 100)]


def test_a_signal_where_the_symbol_has_no_bar_is_passed_over():
    times = daily(4)
    partly = bars("B", still(100, 3), [times[0], times[1], times[3]])
    played = play(Given([0, 0, 0, 0], [0, 0, 1, 0]), bars("A", still(100, 4)), partly, **SIZED)
    assert played.orders == []


def test_decisions_begin_at_the_first_bar_traded_whatever_the_signal_did_before():
    # 1 since the warm-up: bought at the first decision, with the signal as it stands there.
    played = play(Given([0, 1, 1, 1, 1]), bars("A", still(100, 5)), first=daily(5)[2], **SIZED)
    assert [(order.created_at, order.side.value) for order in played.orders] == [(daily(5)[2], "buy")]


def test_the_panel_has_a_column_for_each_symbol_and_nan_where_there_is_no_bar():
    times = daily(3)
    strategy = Given([0, 0, 0], [0, 0, 0])
    play(strategy, bars("A", [(1, 2, 1, 2, 7)] * 3), bars("B", [(3, 4, 3, 4, 9)] * 2, times[1:]))
    panel = strategy.panel
    assert panel.symbols == ("A", "B")
    assert panel.timestamp.tolist() == list(times)
    assert [getattr(panel, name)[1].tolist() for name in ("open", "high", "low", "close", "volume")] == [
        [1, 3],
        [2, 4],
        [1, 3],
        [2, 4],
        [7, 9],
    ]
    assert np.isnan(panel.close).tolist() == [[False, True], [False, False], [False, False]]
    with pytest.raises(ValueError, match="read-only"):
        panel.close[0, 0] = 1.0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0, 0],), r"shape \(2, 1\).*\[T, N\] = \(3, 1\)"),
        (([0, 1.5, 0],), "1.5 for A in row 1"),
        (([0, float("inf"), 0],), "inf for A in row 1"),
    ],
)
def test_signals_that_cannot_be_meant_are_refused(columns, message):
    with pytest.raises(StrategyError, match=message):
        play(Given(*columns), bars("A", still(100, 3)))


def test_signals_that_raise_are_named():
    class Broken(SignalStrategy):
        def signals(self, _):
            raise KeyError("lost")

    with pytest.raises(StrategyError, match=r"Broken\.signals.*test_signals\.py.*KeyError"):
        play(Broken(), bars("A", still(100, 3)))
