"""The guided search: it learns, and proposes the same trials however it is run."""

from __future__ import annotations

from itertools import pairwise

import pytest

from framework.errors import ConfigError
from framework.research.drawing import uniform
from framework.research.objective import Objective
from framework.research.space import Choices, Interval, Space
from framework.research.tpe import GENERATION, Guided
from framework.research.trial import Outcome
from tests.research.toys import TOP, height, measured

SPACE = Space((Choices("x", tuple(range(60))), Choices("y", tuple(range(0, 80, 2)))))
HIGHEST = (Objective("height", 1),)


def everything(_):
    return True


def guided(trials=48, done=(), seed=3, space=SPACE, meets=everything, objectives=HIGHEST):
    return Guided(space, meets, objectives, seed, trials, done)


def run(found, shuffle=None, stop_after=None):
    """Outcomes of a search; with a ``shuffle`` the trials of a generation end in another order."""
    outcomes = []
    while stop_after is None or len(outcomes) < stop_after:
        running = []
        while part := found.ask(100):
            running += part
        if not running:
            break
        if shuffle is not None:
            running.sort(key=lambda trial: uniform(shuffle, trial.number))
        for trial in running[: None if stop_after is None else stop_after - len(outcomes)]:
            outcomes.append(measured(trial))
            found.tell(outcomes[-1:])
    return outcomes


def trials_of(outcomes):
    return sorted((one.trial.number, tuple(one.trial.params.items())) for one in outcomes)


def test_it_finds_more_than_chance_does():
    outcomes = run(guided(trials=120))
    first, last = outcomes[:40], outcomes[-40:]
    mean = [sum(height(one.trial.params) for one in part) / 40 for part in (first, last)]
    assert mean[1] > mean[0] / 3
    best = max(outcomes, key=lambda one: one.metrics["height"]).trial.params
    assert abs(best["x"] - TOP["x"]) + abs(best["y"] - TOP["y"]) <= 6


def test_the_order_in_which_trials_end_changes_nothing():
    plain = trials_of(run(guided()))
    assert [trials_of(run(guided(), seed)) for seed in range(2)] == [plain, plain]
    assert trials_of(run(guided(seed=4))) != plain


@pytest.mark.parametrize("stop_after", [1, GENERATION - 1, GENERATION, 21, 48])
def test_an_interrupted_search_goes_on_to_the_same_trials(stop_after):
    before = run(guided(), 5, stop_after)
    after = run(guided(done=before))
    assert len(after) == 48 - len(before)
    assert trials_of([*before, *after]) == trials_of(run(guided()))


def test_more_trials_begin_with_the_same():
    short = run(guided(trials=20))
    longer = run(guided(trials=40, done=short))
    assert trials_of([*short, *longer]) == trials_of(run(guided(trials=40)))


def test_no_trial_comes_twice_and_all_of_a_small_space_come():
    small = Space((Choices("x", (3, 1, 2)), Choices("y", (True, False))))
    outcomes = run(guided(trials=50, space=small))
    assert len({tuple(one.trial.params.items()) for one in outcomes}) == len(outcomes) == guided(trials=50, space=small).total == 6


def test_every_trial_meets_the_condition_even_where_few_do():
    outcomes = run(guided(meets=lambda params: params["x"] == params["y"] + 1))
    assert len(outcomes) == 40 // 2 + 10
    assert all(one.trial.params["x"] == one.trial.params["y"] + 1 for one in outcomes)


def test_a_trial_that_failed_is_not_proposed_again_and_teaches_nothing():
    found, seen = guided(trials=24), []
    while part := found.ask(1):
        seen.append(tuple(part[0].params.items()))
        found.tell([Outcome(part[0], error="no")])
    assert len(set(seen)) == len(seen) == 24


def test_intervals_and_words_are_searched_too():
    space = Space((Interval("x", -5.0, 50.0), Choices("y", (8, 30, 2)), Choices("word", ("a", "b"))))
    outcomes = run(guided(trials=64, space=space))
    assert all(-5.0 <= one.trial.params["x"] <= 50.0 for one in outcomes)
    assert {type(one.trial.params["x"]) for one in outcomes} == {float}
    best = max(outcomes, key=lambda one: one.metrics["height"]).trial.params
    assert best["y"] == 8
    assert abs(best["x"] - TOP["x"]) < 4.0


def test_several_objectives_are_searched_along_their_front():
    two = (Objective("height", 1), Objective("steps", -1))
    outcomes = run(guided(objectives=two, trials=24))
    assert len(outcomes) == 24
    assert trials_of(run(guided(objectives=two, trials=24))) == trials_of(outcomes)


def test_a_trial_without_the_figure_teaches_nothing():
    found = guided(trials=GENERATION + 1, objectives=(Objective("missing", 1),))
    numbers = [one.trial.number for one in run(found)]
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))
    assert len(numbers) == GENERATION + 1


def test_a_condition_that_nothing_meets_is_refused():
    with pytest.raises(ConfigError, match="--where leaves no combination at all"):
        guided(meets=lambda _: False)
