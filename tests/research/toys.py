"""Evaluators that trade nothing: a hill to climb, and trials that misbehave. Worker processes import them from here."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.research.trial import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

METRICS = {"height": float, "steps": int, "note": str}
TOP = {"x": 21, "y": 8}


def height(params):
    """Highest at ``TOP``."""
    return -float((params["x"] - TOP["x"]) ** 2 + (params["y"] - TOP["y"]) ** 2)


def measured(trial):
    return Outcome(trial, {"height": height(trial.params), "steps": trial.number, "note": None})


@dataclass
class Hill:
    """A recipe: every call writes the number of each trial it runs into a file of its process below ``folder``."""

    folder: Path
    seconds: float = 0.0
    ground: np.ndarray | None = None

    def __call__(self):
        return self.evaluate

    def evaluate(self, trials):
        with (self.folder / f"ran-{os.getpid()}").open("a") as file:
            file.writelines(f"{trial.number}\n" for trial in trials)
        time.sleep(self.seconds * len(trials))
        return [measured(trial) for trial in trials]


def ran(folder):
    """Numbers of the trials that were run, in no order."""
    return [int(line) for path in folder.glob("ran-*") for line in path.read_text().split()]


@dataclass
class Deadly(Hill):
    """Its process is killed under the trials in ``always``, and the first time under those in ``once``."""

    always: frozenset[int] = frozenset()
    once: frozenset[int] = frozenset()

    def evaluate(self, trials):
        outcomes = super().evaluate(trials)
        for trial in trials:
            mark = self.folder / f"killed-{trial.number}"
            if trial.number in self.always or (trial.number in self.once and not mark.exists()):
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return outcomes


@dataclass
class Unstartable(Hill):
    """No worker gets as far as its first trial."""

    def __call__(self):
        raise SystemExit(3)


@dataclass
class Talker(Hill):
    """Prints, and says how its process is set up."""

    def evaluate(self, trials):
        print("a word on stdout")  # noqa: T201 - as a strategy does
        threads = int(os.environ["OMP_NUM_THREADS"])
        return [Outcome(trial, {"height": float(threads), "steps": os.getpid(), "note": None}) for trial in trials]


@dataclass
class Digger(Hill):
    """Looks at the array that travels with it."""

    def evaluate(self, trials):
        assert self.ground is not None
        note = f"{self.ground.flags.writeable} {self.ground.flags.owndata} {self.ground.sum()}"
        return [Outcome(trial, {"height": 0.0, "steps": 0, "note": note}) for trial in trials]
