"""``onetape audit lookahead``: what it prints and how it ends."""

from __future__ import annotations

import json

from tests.app.project import call, config, strategy, write

PEEKS = "def signals(self, bars):\n    return (np.roll(bars.close, -1, axis=0) > bars.close).astype(float)"
CLEAN = "def signals(self, bars):\n    return (np.diff(bars.close, axis=0, prepend=bars.close[:1]) > 0).astype(float)"


def test_a_strategy_that_peeks_ends_with_1_and_the_first_decision_that_differs(folder):
    write(strategy(PEEKS, "SignalStrategy"), folder)
    code, out, err = call("audit", "lookahead")
    assert (code, err) == (1, "")
    assert out.startswith("look-ahead: 2006-")
    assert "with the bars after 2006-" in out
    code, out, _ = call("audit", "lookahead", "--json")
    told = json.loads(out)
    assert (code, told["passed"]) == (1, False)
    assert told["first_difference"]["symbol"] in {"AAPL", "IBM"}
    assert told["first_difference"]["timestamp"] <= told["first_difference"]["cut"]


def test_a_strategy_that_does_not_ends_with_0(folder):
    write(strategy(CLEAN, "SignalStrategy"), folder)
    code, out, err = call("audit", "lookahead", "--cuts", "4")
    assert (code, err) == (0, "")
    assert out.startswith("no look-ahead: ")
    assert call("audit", "lookahead", "--quiet") == (0, "", "")


def test_another_strategy_than_the_config_s_can_be_named(folder):
    write(strategy(CLEAN, "SignalStrategy"), folder)
    code, out, _ = call("audit", "lookahead", "--strategy", "strategies.momentum:MomentumRotation", "--cuts", "3", "--json")
    assert (code, json.loads(out)["strategy"]) == (0, "strategies.momentum:MomentumRotation")


def test_a_strategy_that_fails_over_the_real_bars_is_an_error_of_its_own(folder):
    write(strategy("def signals(self, bars):\n    raise ValueError('no')", "SignalStrategy"), folder)
    code, out, err = call("audit", "lookahead")
    assert (code, out) == (2, "")
    assert "Mine.signals raised ValueError: no" in err
    unsayable = "type('Odd', (ValueError,), {'__str__': lambda error: error.lost})()"
    write(strategy(f"def signals(self, bars):\n    raise {unsayable}", "SignalStrategy"), folder)
    code, out, err = call("audit", "lookahead")
    assert (code, out) == (2, "")
    assert "Mine.signals raised Odd (whose text cannot be shown)" in err
    write(config(strategy={"class": "none:None"}), folder)
    assert call("audit", "lookahead").code == 2
