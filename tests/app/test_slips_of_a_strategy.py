"""What a strategy's author may write by mistake, and the framework used to take."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from framework import SignalStrategy, Strategy, run
from framework.app.crash import redacted
from framework.errors import InvalidOrderError, StrategyError
from tests.app.project import tree

SETTINGS = tree(strategy={"params": None})


def doing(act):
    class Mine(Strategy):
        def on_bar(self, ctx):
            act(ctx)

    return Mine


@pytest.mark.parametrize("tag", [5, ["dip"], b"dip", "\ud800"])
@pytest.mark.parametrize(
    "act",
    [
        lambda ctx, tag: ctx.target("AAPL", 1.0, tag=tag),
        lambda ctx, tag: ctx.buy("AAPL", 1, tag=tag),
        lambda ctx, tag: ctx.sell("AAPL", 1, tag=tag),
        lambda ctx, tag: ctx.rebalance({"AAPL": 0.5}, tag=tag),
    ],
)
def test_a_tag_that_no_table_could_hold_is_refused(act, tag):
    with pytest.raises(InvalidOrderError, match=r"tag = .* must be a text that UTF-8 can hold.*Mine\.on_bar"):
        run(SETTINGS, strategy=doing(lambda ctx: act(ctx, tag)))


def test_a_tag_of_any_text_is_kept(tmp_path):
    tag = 'größer, "zweitens"\n漢字'
    found = run(SETTINGS, strategy=doing(lambda ctx: ctx.target("AAPL", float(ctx.now.day % 2), tag=tag)))
    assert set(found.trades.entry_tag) == {tag}
    found.save(tmp_path / "run")
    assert tag in pd.read_csv(tmp_path / "run" / "trades.csv").entry_tag.to_list()


class Awaits(Strategy):
    async def on_bar(self, ctx):
        ctx.target("AAPL", 1.0)


class Yields(Strategy):
    def on_bar(self, ctx):
        yield ctx.target("AAPL", 1.0)


class AwaitsFills(Strategy):
    def on_bar(self, ctx): ...

    async def on_fill(self, ctx, fill): ...


@pytest.mark.parametrize(("kind", "name"), [(Awaits, "on_bar"), (Yields, "on_bar"), (AwaitsFills, "on_fill")])
def test_a_callback_that_would_never_run_is_refused(kind, name):
    with pytest.raises(StrategyError, match=rf"{kind.__name__}\.{name} would never run: .* take async, await and yield out of it"):
        run(SETTINGS, strategy=kind)


def test_an_init_that_cannot_be_called_is_named_with_what_to_write():
    class Mine(Strategy):
        def __init__(self, model):
            super().__init__()
            self._model = model

        def on_bar(self, ctx): ...

    with pytest.raises(StrategyError, match=r"Mine cannot be made: TypeError.*'model'.*def __init__\(self, \*\*params\)"):
        run(SETTINGS, strategy=Mine)


def saying(signals):
    class Says(SignalStrategy):
        def signals(self, bars):
            return signals(bars)

    return Says


@pytest.mark.parametrize(
    "signals",
    [
        lambda bars: np.sign(bars.close) * 1j,
        lambda bars: np.ones(bars.close.shape, dtype="m8[s]"),
        lambda bars: np.full(bars.close.shape, "2020-01-01", dtype="M8[D]"),
        lambda bars: np.full(bars.close.shape, "long"),
    ],
)
def test_what_is_not_a_number_is_no_signal(signals):
    with pytest.raises(StrategyError, match="not an array of numbers"):
        run(SETTINGS, strategy=saying(signals))


def test_a_masked_signal_is_no_opinion():
    half = np.random.default_rng(1).random((1000, 2)) < 0.5
    ones = np.random.default_rng(2).integers(0, 2, (1000, 2))

    def masked(bars):
        length = len(bars.close)
        return np.ma.masked_array(ones[:length], half[:length])

    def blank(bars):
        length = len(bars.close)
        return np.where(half[:length], np.nan, ones[:length])

    first, second = (run(SETTINGS, strategy=saying(signals)).summary for signals in (masked, blank))
    assert first["decisions_hash"] == second["decisions_hash"]
    assert first["trades"] > 10


def test_columns_in_another_order_are_not_taken_for_other_symbols():
    def frame(bars, *symbols):
        return pd.DataFrame({symbol: np.arange(len(bars.close)) % 9 > (4 if symbol == "IBM" else 2) for symbol in symbols})

    with pytest.raises(StrategyError, match=r"columns \['IBM', 'AAPL'\], those of the bars are \['AAPL', 'IBM'\]"):
        run(SETTINGS, strategy=saying(lambda bars: frame(bars, "IBM", "AAPL")))
    assert run(SETTINGS, strategy=saying(lambda bars: frame(bars, "AAPL", "IBM"))).summary["trades"] > 10


class UnsayableError(Exception):
    def __str__(self):
        raise KeyError("no text")


def raises_it(_):
    raise UnsayableError


def test_an_error_whose_text_cannot_be_had_is_the_strategys_all_the_same():
    with pytest.raises(StrategyError, match=r"Mine\.on_bar .*raised UnsayableError \(whose text cannot be shown\)"):
        run(SETTINGS, strategy=doing(raises_it))


def test_a_crash_whose_text_cannot_be_had_is_reported():
    crash = redacted(UnsayableError(), str)
    assert str(crash) == "UnsayableError (whose text cannot be shown)"
    assert "UnsayableError" in crash.report
