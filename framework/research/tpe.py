"""Search led by what is known already: Optuna's tree-structured Parzen estimator, in generations.

A generation's trials are proposed together, from all finished generations and a seed of its own. So they are the same whatever the
number of workers, the order in which they end, and how often the search was stopped and continued.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.research.drawing import uniform
from framework.research.search import drawn
from framework.research.space import Choices, Interval, Space
from framework.research.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from optuna import Study
    from optuna.distributions import BaseDistribution

    from framework.research.objective import Objective
    from framework.research.search import Meets
    from framework.research.trial import Outcome, Params, Value

#: Trials proposed together; more workers than this have nothing to do.
GENERATION = 8
#: Proposals that may be known or miss the condition before a trial is drawn at random instead.
MOST_REFUSALS = 50

Known = tuple[Trial, list[float] | None]


class Guided:
    """``trials`` proposals that meet the condition, none twice, each generation better informed than the last.

    Args:
        space, meets: What may be proposed.
        objectives: One, or several whose front is searched.
        seed: Another one searches elsewhere.
        trials: How many to propose.
        done: Outcomes of an earlier, interrupted search of the same kind.

    Raises:
        ConfigError: No combination meets the condition.
    """

    def __init__(
        self, space: Space, meets: Meets, objectives: Sequence[Objective], seed: int, trials: int, done: Iterable[Outcome]
    ) -> None:
        self._space, self._meets, self._objectives, self._seed = space, meets, objectives, seed
        self.total = sum(1 for _, _ in zip(range(trials), drawn(space, meets, seed), strict=False))
        self._finished: dict[int, Known] = {}
        self._waiting: list[Trial] = []
        self._proposed = 0
        self.tell(done)

    def ask(self, most: int) -> list[Trial]:  # noqa: ARG002 - a generation is shared out
        """The next of the generation, or of the one after it when all trials of this are told."""
        while not self._waiting and self._proposed < self.total and all(number in self._finished for number in range(self._proposed)):
            self._propose()
        # One by one, so that all workers have a part of a generation.
        return [self._waiting.pop(0)] if self._waiting else []

    def tell(self, outcomes: Iterable[Outcome]) -> None:
        """Remember what the objectives came to."""
        for outcome in outcomes:
            values = [one.value(outcome.metrics) for one in self._objectives]
            known = [value for value in values if value is not None]
            self._finished[outcome.trial.number] = outcome.trial, known if len(known) == len(values) else None

    def _propose(self) -> None:
        """The next generation; what is finished of it already is not proposed again."""
        earlier = [self._finished[number] for number in range(self._proposed)]
        taken = {_key(trial.params) for trial, _ in earlier}
        study = self._study(earlier)
        chance = drawn(self._space, self._meets, self._seed)
        for number in range(self._proposed, min(self._proposed + GENERATION, self.total)):
            params = self._suggested(study, taken) or next(one for one in chance if _key(one) not in taken)
            taken.add(_key(params))
            if number not in self._finished:
                self._waiting.append(Trial(number, params))
        self._proposed = min(self._proposed + GENERATION, self.total)

    def _study(self, earlier: Sequence[Known]) -> Study:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)  # it greets every study on stderr
        sampler = optuna.samplers.TPESampler(seed=int(uniform(self._seed, "generation", self._proposed) * 2**32))
        study = optuna.create_study(directions=["maximize"] * len(self._objectives), sampler=sampler)
        distributions = _distributions(self._space)
        for trial, values in earlier:
            if values is not None:
                places = {axis.name: _place(axis, trial.params[axis.name]) for axis in self._space}
                study.add_trial(optuna.create_trial(params=places, distributions=distributions, values=values))
        return study

    def _suggested(self, study: Study, taken: set[tuple[Value, ...]]) -> dict[str, Value] | None:
        """A proposal that is new and meets the condition; ``None`` when none comes up."""
        import optuna

        distributions = _distributions(self._space)
        for _ in range(MOST_REFUSALS):
            proposal = study.ask(distributions)
            params = {axis.name: _value(axis, proposal.params[axis.name]) for axis in self._space}
            if _key(params) not in taken and self._meets(params):
                return params
            study.tell(proposal, state=optuna.trial.TrialState.FAIL)
        return None


def check_installed() -> None:
    """Look whether Optuna is here.

    Raises:
        ConfigError: It is not.
    """
    try:
        import optuna  # noqa: F401 - only to see whether it is there
    except ImportError:
        raise ConfigError('--sampler tpe needs Optuna: pip install "onetape[research]"; grid and random do without') from None


def _key(params: Params) -> tuple[Value, ...]:
    return tuple(params.values())


def _distributions(space: Space) -> dict[str, BaseDistribution]:
    """Rising numbers are searched by their place among the choices, so that each is met exactly; others have no order."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    return {
        axis.name: FloatDistribution(axis.low, axis.high)
        if isinstance(axis, Interval)
        else IntDistribution(0, len(axis.values) - 1)
        if axis.is_ordered
        else CategoricalDistribution(tuple(range(len(axis.values))))
        for axis in space
    }


def _place(axis: Choices | Interval, value: Value) -> object:
    return axis.values.index(value) if isinstance(axis, Choices) else value


def _value(axis: Choices | Interval, place: float) -> Value:
    return axis.values[int(place)] if isinstance(axis, Choices) else place
