"""The look-ahead audit: thirty strategies that peek are caught, thirty that do not are not accused."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from framework.app.audits.lookahead import FUTURES, audit_lookahead
from framework.domain.market import BarSeries
from framework.errors import ConfigError
from framework.research.causality import Decision, first_difference, first_signal_difference, moments
from framework.research.futures import cut, mirrored, permuted

CORPUS = Path(__file__).with_name("lookahead_corpus")


def names(module):
    tree = ast.parse((CORPUS / f"{module}.py").read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef)]


def settings(place):
    return {
        "strategy": {"class": place},
        "universe": {"symbols": ["IBM", "MSFT"]},
        "data": {"start": "2006-01-03", "end": "2006-07-31", "warmup": 260},
        "broker": {"name": "generic"},
        "limits": {"profile": "venue"},
    }


def audited(place, **options):
    return audit_lookahead(settings(place), beside=CORPUS, **options)


def test_the_corpus_has_thirty_of_each():
    assert (len(names("planted")), len(names("clean"))) == (30, 30)


@pytest.mark.campaign
@pytest.mark.parametrize("name", names("planted"))
def test_a_planted_look_ahead_is_caught(name):
    found = audited(f"planted:{name}")
    assert not found.passed
    assert found.first is not None
    assert found.first.future in FUTURES
    assert found.first.timestamp <= found.first.cut
    assert found.verdict.startswith("look-ahead: 200")


@pytest.mark.campaign
@pytest.mark.parametrize("name", names("clean"))
def test_a_clean_strategy_is_not_accused(name):
    found = audited(f"clean:{name}")
    assert found.first is None, found.verdict
    assert found.passed
    assert sum(found.silent.values()) <= 3  # backtrader's indicators fail over fewer bars than they need


# The other futures.


def series(bars=40, split_at=25):
    close = 100.0 * np.exp(np.cumsum(np.sin(np.arange(bars)) / 20.0))
    split = np.ones(bars)
    split[split_at] = 2.0
    start = np.concatenate([[100.0], close[:-1]])
    return BarSeries(
        "IBM",
        np.arange(1, bars + 1) * 86_400 * 10**9,
        start,
        np.maximum(start, close) * 1.01,
        np.minimum(start, close) * 0.99,
        close,
        np.arange(bars) * 100.0 + 1.0,
        np.zeros(bars),
        split,
    )


OTHERS = {"mirrored": mirrored, "shuffled": lambda bars, moment: permuted(bars, moment, 7)}


@pytest.mark.parametrize("name", OTHERS)
def test_another_future_leaves_the_past_as_it_was_and_has_sound_bars(name):
    real = series()
    moment = int(real.timestamp[19])
    other = OTHERS[name]({"IBM": real}, moment)["IBM"]
    for column in ("open", "high", "low", "close", "volume", "split", "dividend", "timestamp"):
        assert np.array_equal(getattr(other, column)[:20], getattr(real, column)[:20])
    assert len(other) == len(real)
    for index in range(20, 40):
        other.bar(index)  # an impossible one cannot be made
    assert not np.allclose(other.close[20:], real.close[20:])
    assert sorted(other.volume) == sorted(real.volume)


def test_a_mirrored_rise_is_a_fall_of_the_same_size():
    real = series()
    other = mirrored({"IBM": real}, int(real.timestamp[19]))["IBM"]
    assert np.diff(np.log(other.close[19:])) == pytest.approx(-np.diff(np.log(real.close[19:])))


def test_a_shuffled_future_ends_where_the_real_one_ends():
    real = series()
    other = permuted({"IBM": real}, int(real.timestamp[19]), 3)["IBM"]
    assert other.close[-1] == pytest.approx(real.close[-1])
    assert sorted(np.diff(np.log(other.close[19:]))) == pytest.approx(sorted(np.diff(np.log(real.close[19:]))))


def test_bars_that_are_cut_are_quoted_in_the_shares_of_that_day():
    real = series()
    known = cut({"IBM": real}, int(real.timestamp[19]))["IBM"]
    assert len(known) == 20
    assert known.close == pytest.approx(2.0 * real.close[:20])
    assert known.volume == pytest.approx(real.volume[:20] / 2.0)
    assert cut({"IBM": real}, int(real.timestamp[30]))["IBM"].close == pytest.approx(real.close[:31])


def test_a_price_level_that_a_later_split_changes_is_a_look_ahead(tmp_path):
    # AAPL split two for one on 2005-02-28: in the shares of later days it never cost 50 dollars, on its own days it did.
    (tmp_path / "levels.py").write_text(
        "from framework import SignalStrategy\n\n\nclass Dear(SignalStrategy):\n    def signals(self, bars):\n"
        "        return (bars.close > 50.0).astype(float)\n",
        encoding="utf-8",
    )
    config = settings("levels:Dear") | {"universe": {"symbols": ["AAPL"]}, "data": {"start": "2004-06-01", "end": "2005-06-30"}}
    found = audit_lookahead(config, beside=tmp_path)
    assert found.first is not None
    assert found.first.future == "cut off"


# What differs, and where to look.


def decision(time, line):
    return Decision(time, "IBM", line, f"buy {line}")


def test_the_first_decision_that_differs_is_named():
    known = [decision(1, "a"), decision(2, "b"), decision(3, "c")]
    assert first_difference(known, known[:2], "cut off", 2) is None
    found = first_difference(known, [known[0], decision(2, "x")], "mirrored", 2)
    assert found == (2, "IBM", "buy b", "buy x", "mirrored", 2)
    assert first_difference(known, [known[0], decision(3, "c")], "cut off", 3) == (2, "IBM", "buy b", "nothing", "cut off", 3)
    assert first_difference(known[:1], known[:2], "cut off", 3) == (2, "IBM", "nothing", "buy b", "cut off", 3)


def test_signals_that_differ_by_rounding_are_the_same():
    one = np.array([[0.5, np.nan], [0.25, 1.0]])
    times = np.array([10, 20])
    assert first_signal_difference(one, one + 1e-12, times, ("A", "B"), 0, "cut off", 20) is None
    other = one.copy()
    other[1, 1] = np.nan
    found = first_signal_difference(one, other, times, ("A", "B"), 0, "cut off", 20)
    assert found == (20, "B", "signal 1", "signal nan", "cut off", 20)
    assert first_signal_difference(one, other, times, ("A", "B"), 0, "cut off", 10) is None
    assert first_signal_difference(one, other, times, ("A", "B"), 21, "cut off", 30) is None


def test_half_of_the_moments_are_those_of_decisions():
    times = np.arange(100)
    chosen = moments(times, np.array([3, 50, 99]), 10)
    assert {3, 50} <= set(chosen)
    assert 99 not in chosen  # after the last bar there is no future
    assert len(chosen) == 10
    assert moments(times, np.array([], dtype=np.int64), 4) == [12, 37, 61, 86]
    assert moments(times[:3], times[:3], 10) == [0, 1]


# Whole audits.


def project(folder, body, kind="Strategy"):
    text = f"import numpy as np\nfrom framework import SignalStrategy, Strategy\n\nKEPT = {{}}\n\n\nclass Mine({kind}):\n"
    (folder / "mine.py").write_text(text + "".join(f"    {line}\n" for line in body.splitlines()), encoding="utf-8")
    return audit_lookahead(settings("mine:Mine"), beside=folder, cuts=4)


def test_what_a_strategy_keeps_in_its_module_does_not_hide_what_it_saw(tmp_path):
    body = "def signals(self, bars):\n    best = KEPT.setdefault('best', bars.close.max(axis=0))\n"
    body += "    return (bars.close < 0.9 * best).astype(float)"
    assert project(tmp_path, body, "SignalStrategy").first is not None


def test_a_strategy_that_never_decides_cannot_be_judged(tmp_path):
    found = project(tmp_path, "def on_bar(self, ctx): ...")
    assert (found.passed, found.first, found.compared) == (False, None, 0)
    assert found.verdict == "cannot be judged: nothing was decided before any of 4 moments"


def test_a_strategy_that_decides_otherwise_the_second_time_is_not_repeatable(tmp_path):
    body = "def on_bar(self, ctx):\n    import os\n    ctx.buy('IBM', 1 + os.urandom(1)[0])"
    found = project(tmp_path, body)
    assert found.first is not None
    assert found.first.future == "the same"
    assert found.verdict.startswith("not repeatable: 2006-01-03 21:00 UTC, IBM: first buy ")


def test_no_moment_at_all_is_refused():
    with pytest.raises(ConfigError, match="--cuts 0: at least 1 is needed"):
        audited("clean:Always", cuts=0)


def test_progress_is_reported_up_to_the_end():
    seen = []
    audited("clean:Always", cuts=3, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == len(seen)
