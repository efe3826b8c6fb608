"""The session clock: when scheduled callbacks run."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from framework.errors import ConfigError
from tests.builders import Scripted, bars, minutes, play, still

SESSIONS = (date(2011, 11, 23), date(2011, 11, 25), date(2011, 11, 28))  # the second is a half day, 210 minutes


class Scheduled(Scripted):
    """Writes down at which moments its callback ran, and whether ``on_bar`` had run before."""

    def __init__(self, when):
        super().__init__({})
        self.when = when
        self.ran = []

    def on_start(self, ctx):
        ctx.schedule(self.when, lambda ctx: self.ran.append((ctx.now, self.decisions)))


def ran(when, numbers=None):
    """Minutes since the open at which a callback ran in each session; ``numbers`` are the minutes with a bar."""
    lengths = (390, 210, 390)
    times = [time for day, length in zip(SESSIONS, lengths, strict=True) for time in minutes(day, numbers or range(1, length + 1))]
    played = play(Scheduled(when), bars("A", still(100, len(times)), times), data={"resolution": "1m"})
    for now, decisions in played.strategy.ran:
        assert played.times[decisions] == round(now.timestamp()) * 10**9  # before on_bar of that bar
    opens = {day: minutes(day, (0,))[0] / 1e9 for day in SESSIONS}
    return [(now.date(), (now.timestamp() - opens[now.date()]) / 60) for now, _ in played.strategy.ran]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("market_close-15m", (375, 195, 375)),
        ("market_close", (390, 210, 390)),
        ("market_open", (1, 1, 1)),
        ("market_open+1h", (60, 60, 60)),
        ("market_open + 90s", (2, 2, 2)),
    ],
)
def test_a_callback_runs_once_a_session_at_the_first_close_at_or_after_its_time(when, expected):
    assert ran(when) == list(zip(SESSIONS, expected, strict=True))


def test_a_callback_is_late_rather_than_early_where_bars_are_missing():
    assert ran("market_open+10m", numbers=(1, 5, 9, 14, 20)) == [(day, 14) for day in SESSIONS]


def test_a_callback_whose_time_no_bar_reaches_does_not_run_that_session():
    assert ran("market_close-15m", numbers=(1, 194)) == []


def test_targets_of_a_callback_are_settled_in_the_same_decision():
    class Late(Scripted):
        def on_start(self, ctx):
            ctx.schedule("market_close-1m", lambda ctx: ctx.buy("A", 1))

    times = minutes(SESSIONS[0], (388, 389, 390))
    played = play(Late({}), bars("A", still(100, 3), times), data={"resolution": "1m"})
    assert [fill[0] for fill in played.fills] == [2]


def test_daily_bars_know_the_close_only():
    played = play(Scheduled("market_close"), bars("A", still(100, 3)))
    assert [now for now, _ in played.strategy.ran] == [played.strategy.ran[0][0] + timedelta(days=n) for n in range(3)]
    for when in ("market_open", "market_close-15m"):
        with pytest.raises(ConfigError, match="needs bars finer than a day"):
            play(Scheduled(when), bars("A", still(100, 3)))


@pytest.mark.parametrize("when", ["noon", "market_close-15", "market_close*2m", "", "market_open+1d"])
def test_a_time_that_cannot_be_read_is_refused(when):
    with pytest.raises(ConfigError, match="cannot be read; write market_open or market_close"):
        play(Scheduled(when), bars("A", still(100, 3)))
