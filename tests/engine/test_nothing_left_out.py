"""What is passed over because nothing can come of it: a run that looks at all of it is the same run."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.working import Working
from framework.engine.guarded import Guarded
from tests.builders import bars, daily, play
from tests.compiled.test_parity import plain
from tests.properties.worlds import EXITS, worlds

TRAILS = st.fixed_dictionaries(
    {"attach": st.just("entries"), "method": st.just("trailing"), "trail_percent": st.sampled_from([0.5, 2.0, 8.0])}
)
ANY = st.fixed_dictionaries({"attach": st.just("entries"), "may_loosen": st.booleans(), **EXITS})


def left(world):
    journal = world.play().simulation.journal
    return journal.decisions_hash, [plain(event) for event in journal.events]


@pytest.mark.parametrize("stops", [TRAILS, ANY], ids=["trailing", "any"])
def test_bars_that_move_no_stop_need_not_be_looked_at(stops):
    @given(worlds(stops=stops))
    def compare(world):
        quick = left(world)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Working, "waits_beyond", lambda *_: False)
            patch.setattr(Guarded, "is_unmoved_by", lambda *_: False)
            assert left(world) == quick

    compare()


@pytest.fixture
def asked(monkeypatch):
    """What is_unmoved_by and waits_beyond have said."""
    said = {"stop": [], "venue": []}
    for kind, name, key in ((Guarded, "is_unmoved_by", "stop"), (Working, "waits_beyond", "venue")):
        whole, kept = getattr(kind, name), said[key]
        monkeypatch.setattr(kind, name, lambda self, *bar, whole=whole, kept=kept: kept.append(whole(self, *bar)) or kept[-1])
    return said


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("seed", range(6))
def test_a_long_trail_is_the_same_run_and_most_of_its_bars_are_passed_over(seed, side, asked):
    dice = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(dice.normal(0.0, 0.01, 240)))
    rows = [
        (one, one * 1.004, one * 0.996, one * float(move)) for one, move in zip(close, np.exp(dice.normal(0.0, 0.002, 240)), strict=True)
    ]
    rows = [(opened, max(high, last), min(low, last), last) for opened, high, low, last in rows]
    script = {number: lambda ctx: getattr(ctx, side)("A", 10) for number in (0, 90)}
    stops = {"attach": "entries", "method": "trailing", "trail_percent": 6.0}

    def run():
        played = play(script, bars("A", rows, daily(240)), stops=stops)
        return [plain(event) for event in played.simulation.journal.events]

    quick = run()
    passed = {key: sum(said) for key, said in asked.items()}
    assert min(passed.values()) > 20
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Working, "waits_beyond", lambda *_: False)
        patch.setattr(Guarded, "is_unmoved_by", lambda *_: False)
        assert run() == quick
