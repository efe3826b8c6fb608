"""What a fixed set of runs decides and fills, as hashes: to be compared between processes.

Arguments: the number of processor cores to use (0: all there are), and "reversed" to name the symbols in reverse.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
WORLDS = 6


def hashes(*, is_reversed: bool = False) -> dict[str, str]:
    """Of the run behind ``make backtest``, and of random orders of every kind over random bars."""
    import numpy as np
    import pandas as pd

    from framework import run
    from tests.fills.campaign import Gambler, assembled, drawn_world

    config = tomllib.loads((ROOT / "onetape.toml").read_text())
    config["universe"]["symbols"].sort(reverse=is_reversed)
    result = run(config, beside=ROOT)
    found: dict[str, str] = {"run": str(result.summary["decisions_hash"]), "run, events": digest(result.record.events)}
    for number in range(WORLDS):
        dice = Random(f"determinism {number}")  # noqa: S311 - repeatable, not secret
        world = drawn_world(dice)
        if is_reversed:
            world = replace(world, rows=dict(reversed(world.rows.items())))
        simulation = assembled(world, Gambler(dice, world.config["broker"]["name"]))
        with simulation.broker:
            simulation.engine.start(world.times[0])
            simulation.driver.run(lambda _: None)
            simulation.engine.stop()
        found[f"world {number}"] = simulation.journal.decisions_hash
        found[f"world {number}, events"] = digest(simulation.journal.events)
    return {**found, "numpy": np.__version__, "pandas": pd.__version__}


def digest(events: Sequence[object]) -> str:
    """Of everything that happened, in order."""
    return hashlib.sha256("\n".join(map(repr, events)).encode()).hexdigest()


if __name__ == "__main__":
    cores, order = int(sys.argv[1]), sys.argv[2]
    if cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    sys.stdout.write(json.dumps(hashes(is_reversed=order == "reversed")))
