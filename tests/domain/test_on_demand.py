"""A value that is worked out when somebody looks at it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from framework.domain.on_demand import OnDemand


@dataclass(frozen=True, kw_only=True)
class Found:
    name: str
    figure: OnDemand[int] = OnDemand()


def counted():
    calls = []

    def make():
        calls.append(1)
        return 7

    return Found(name="a", figure=make), calls


def test_nothing_is_made_until_it_is_looked_at_and_then_once():
    found, calls = counted()
    assert found.name == "a"
    assert not calls
    assert (found.figure, found.figure) == (7, 7)
    assert calls == [1]


def test_a_value_that_is_known_is_the_value():
    assert Found(name="a", figure=3).figure == 3


def test_a_copy_has_the_value_and_may_have_another():
    found, _ = counted()
    assert replace(found, name="b").figure == 7
    assert replace(found, figure=8).figure == 8


def test_it_has_to_be_given():
    with pytest.raises(TypeError, match="figure"):
        Found(name="a")


def test_a_frozen_record_stays_as_it_is():
    with pytest.raises(FrozenInstanceError):
        counted()[0].figure = 1
