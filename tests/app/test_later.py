"""What is made when somebody looks at it."""

from __future__ import annotations

from framework.app.backtest.later import Later


def counted(length, things):
    calls = []

    def make():
        calls.append(1)
        return things

    return Later(make, length), calls


def test_how_many_there_are_is_known_before_any_is_made():
    later, calls = counted(3, ["a", "b", "c"])
    assert len(later) == 3
    assert not calls
    assert (later[0], later[1:], list(later)) == ("a", ("b", "c"), ["a", "b", "c"])
    assert calls == [1]


def test_of_nothing_nothing_is_made():
    later, calls = counted(0, [])
    assert list(later) == []
    assert not calls


def test_it_equals_whatever_holds_the_same():
    later, _ = counted(2, [1, 2])
    assert later == (1, 2)
    assert later == counted(2, [1, 2])[0]
    assert later != (2, 1)
    assert hash(later) == hash((1, 2))
