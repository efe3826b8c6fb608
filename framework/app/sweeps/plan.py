"""What a sweep is going to do: everything checked and loaded, nothing run yet."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal, cast, get_args

from framework.app.assembly.hosting import as_strategy_sees
from framework.app.assembly.loader import load_strategy
from framework.app.assembly.resolved import config_hash
from framework.app.backtest.run import load_data, resolved_config
from framework.app.folders.trial_count import source_hash
from framework.app.sweeps.trials import METRICS, Recipe
from framework.engine.strategy import params_of
from framework.errors import ConfigError
from framework.research.objective import read_objectives
from framework.research.reading import read_space
from framework.research.search import at_random, grid
from framework.research.space import Interval
from framework.research.tpe import Guided, check_installed
from framework.research.where import condition
from framework.runtime.hashing import inputs_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from data import Dataset
    from framework.engine.strategy import Strategy
    from framework.research.objective import Objective
    from framework.research.search import Meets, Search
    from framework.research.space import Axis, Space
    from framework.research.store import Store
    from framework.research.trial import Params, Value
    from framework.runtime.config import Config

Sampler = Literal["grid", "random", "tpe"]
SAMPLERS: tuple[str, ...] = get_args(Sampler)
DEFAULT_TRIALS = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """How a space is searched: the sampler, how many trials (``None``: 100, or all of a grid), the seed, and what for."""

    sampler: str = "grid"
    trials: int | None = None
    seed: int = 0
    objectives: Sequence[str] = ("sharpe",)

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise ConfigError(f"--sampler {self.sampler!r} does not exist; choose {', '.join(SAMPLERS)}")
        if self.sampler == "grid" and self.trials is not None:
            raise ConfigError("--trials says nothing with --sampler grid, which tries every combination; take --sampler random or tpe")
        if self.trials is not None and self.trials < 1:
            raise ConfigError(f"--trials {self.trials}: at least 1 is needed")
        if self.sampler == "tpe":
            check_installed()


@dataclass(frozen=True, slots=True, eq=False)
class SweepPlan:
    """A sweep, ready to run.

    Attributes:
        recipe: What every worker needs.
        space, meets, where: The combinations, what they must meet, and that as it was written.
        choice, objectives: How they are searched and what for.
        kinds: Type of each parameter that is searched.
        place, inputs_hash, source: The strategy, and fingerprints of its bars and its file.
        base_hash: The config without the parameters that are searched.
    """

    recipe: Recipe
    space: Space
    meets: Meets
    where: str | None
    choice: Choice
    objectives: tuple[Objective, ...]
    kinds: Mapping[str, type]
    place: str
    inputs_hash: str
    source: str
    base_hash: str

    @property
    def identity(self) -> dict[str, object]:
        """What makes it this sweep and no other; the same sweep can be continued, and asked for more trials."""
        from framework import __version__

        guided = self.choice.sampler == "tpe"
        return {
            "strategy": self.place,
            "params": {axis.name: _values(axis) for axis in self.space},
            "where": self.where,
            "sampler": self.choice.sampler,
            "seed": None if self.choice.sampler == "grid" else self.choice.seed,
            "objectives": [str(one) for one in self.objectives] if guided else None,
            "optuna": version("optuna") if guided else None,
            "source": self.source,
            "inputs_hash": self.inputs_hash,
            "config_hash": self.base_hash,
            "version": __version__,
        }

    @property
    def name(self) -> str:
        """The folder of such a sweep: the same one for the same sweep."""
        digest = hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()
        return f"sweep-{self.place.partition(':')[2]}-{digest[:8]}"

    def search(self, store: Store) -> Search:
        """The trials that are still to be run.

        Raises:
            ConfigError: There is nothing to search.
        """
        trials = self.choice.trials or DEFAULT_TRIALS
        if self.choice.sampler == "grid":
            return grid(self.space, self.meets, store.numbers())
        if self.choice.sampler == "random":
            return at_random(self.space, self.meets, self.choice.seed, trials, store.numbers())
        return Guided(self.space, self.meets, self.objectives, self.choice.seed, trials, store.outcomes())


def _values(axis: Axis) -> object:
    return {"from": axis.low, "to": axis.high} if isinstance(axis, Interval) else list(axis.values)


def planned(
    config: str | Path | Config | Mapping[str, object],
    given: Mapping[str, object],
    where: str | None,
    choice: Choice,
    *,
    frames: Mapping[str, pd.DataFrame] | None = None,
    finer: Mapping[str, pd.DataFrame] | None = None,
    beside: Path | None = None,
) -> SweepPlan:
    """Check everything and load the bars; arguments as those of ``sweep``.

    Raises:
        ConfigError: The config, the strategy, the space, the condition or an objective is wrong.
        DataError: The data is missing or broken.
    """
    objectives = read_objectives(choice.objectives, [name for name, kind in METRICS.items() if kind is not str])
    resolved, folder = resolved_config(config)
    section, beside = resolved.strategy, beside or folder
    strategy = load_strategy(section.path, section.params, beside, section.cerebro)
    defaults = cast("dict[str, Value]", params_of(strategy))  # no other types are let in
    space = read_space(given, defaults, type(strategy).__name__)
    searched = frozenset(axis.name for axis in space)
    unsearched = {name: value for name, value in section.params.items() if name not in searched}
    base = resolved.model_copy(update={"strategy": section.model_copy(update={"params": unsearched})})
    dataset = load_data(resolved, frames, finer)
    return SweepPlan(
        recipe=Recipe(base, beside.resolve(), dataset),
        space=space,
        meets=_everything if where is None else condition(where, defaults),
        where=where,
        choice=choice,
        objectives=objectives,
        kinds={name: type(defaults[name]) for name in given},
        place=section.path,
        inputs_hash=_seen(strategy, dataset),
        source=source_hash(section.path),
        base_hash=config_hash(base),
    )


def _everything(_: Params) -> bool:
    return True


def _seen(strategy: Strategy, dataset: Dataset) -> str:
    """The fingerprint of the bars as a run of ``strategy`` records it."""
    seen = as_strategy_sees(strategy, dataset)
    return inputs_hash([*seen.series.values(), *(one.series for one in seen.finer.values())])
