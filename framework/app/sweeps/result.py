"""What a sweep found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.research.ranking import leaders
from framework.research.space import Choices
from framework.research.store import PARAMETER
from framework.research.surface import surface
from framework.rules.inference.deflated import expected_maximum_sharpe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from framework.app.sweeps.plan import SweepPlan
    from framework.domain.market import Floats
    from framework.research.ledger import TrialLedger
    from framework.research.objective import Objective
    from framework.research.space import Axis
    from framework.research.store import Store

#: Trials that are shown of a search for one objective.
SHOWN = 10


class SweepResult:
    """A table of trials, and what leads it.

    Attributes:
        trials: DataFrame, one row a trial by number: ``params_<name>``, every metric of a run's summary, ``error``.
        summary: What ``onetape sweep --json`` prints.
    """

    def __init__(self, trials: pd.DataFrame, summary: Mapping[str, object]) -> None:
        self.trials = trials
        self.summary = summary

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, column: str) -> pd.Series[Any]:
        """A column of ``trials``."""
        return self.trials[column]

    @property
    def best(self) -> list[dict[str, Any]]:
        """The leading trials, best first, each with ``number``, ``params`` and its metrics; of several objectives those no other beats."""
        found: Any = self.summary["best"]
        return list(found)


def summarize_sweep(plan: SweepPlan, store: Store, ledger: TrialLedger | None, seconds: float) -> dict[str, object]:
    """The figures of a sweep; a figure that does not exist is ``None``.

    ``known_trials`` are all of this strategy over these bars, those of other runs in ``ledger`` too; ``expected_best_sharpe`` is the annual
    ratio that the best of so many would show if none were worth anything (Bailey and Lopez de Prado 2014; for independent trials).
    """
    table = store.columns(("number", "error"))
    numbers = table.column("number").to_numpy()
    errors = table.column("error").drop_null()
    best = store.rows(numbers[leaders(_values(store, plan.objectives), SHOWN)].tolist())
    sharpes = _column(store, "sharpe") if ledger is None else ledger.sharpes(plan.place, plan.inputs_hash)
    return {
        **{name: plan.identity[name] for name in ("strategy", "params", "where", "sampler", "seed", "inputs_hash")},
        "symbols": list(plan.recipe.config.universe.symbols),
        "objectives": [str(one) for one in plan.objectives],
        "trials": len(numbers),
        "failed": len(errors),
        "first_error": errors[0].as_py() if len(errors) else None,
        "known_trials": len(sharpes),
        "expected_best_sharpe": _luck(sharpes),
        "elapsed_seconds": round(seconds, 3),
        "best": [_shown(row, plan.kinds) for row in best],
    }


def _column(store: Store, name: str) -> Floats:
    column: Floats = store.columns((name,)).column(name).to_numpy().astype(np.float64)
    return column


def _values(store: Store, objectives: Sequence[Objective]) -> Floats:
    """float64 [trials, objectives], more is better, NaN where a trial has none."""
    return np.column_stack([one.sign * _column(store, one.metric) for one in objectives])


def _luck(sharpes: Floats) -> float | None:
    known = sharpes[np.isfinite(sharpes)]
    if len(known) < 2:
        return None
    expected = expected_maximum_sharpe(float(len(sharpes)), float(known.std(ddof=1)))
    return None if expected.note else expected.value


def _shown(row: Mapping[str, Any], kinds: Mapping[str, type]) -> dict[str, object]:
    metrics = {name: value for name, value in row.items() if not name.startswith(PARAMETER) and name not in {"number", "error"}}
    told = {name: json.loads(metrics[name]) for name in ("refusals", "warnings")}
    return {"number": row["number"], "params": {name: row[PARAMETER + name] for name in kinds}, **metrics, **told}


def sweep_picture(plan: SweepPlan, store: Store) -> bytes:
    """The first objective over two parameters as PNG: the first two that take several values in order, else the first two."""
    from framework.report.heat_map import HeatMap, heat_map_png

    axes = _axes(plan)
    names = tuple(axis.name for axis in axes)
    table = store.columns(tuple(PARAMETER + name for name in names))
    objective = plan.objectives[0]
    found = surface(axes, [column.to_pylist() for column in table.columns], _values(store, (objective,))[:, 0])
    return heat_map_png(
        HeatMap(
            cells=objective.sign * found.cells,
            x=names[0],
            y=names[1] if len(names) > 1 else "",
            x_labels=found.x_labels,
            y_labels=found.y_labels,
            metric=objective.metric,
            reverse=objective.sign < 0,
            notes=_notes(plan, names, table.num_rows, shares=found.shares),
        )
    )


def _axes(plan: SweepPlan) -> tuple[Axis, ...]:
    """One or two axes of the picture."""

    def rank(axis: Axis) -> int:
        return 0 if not isinstance(axis, Choices) or (axis.is_ordered and len(axis.values) > 1) else 1

    return tuple(sorted(plan.space, key=rank)[:2])


def _notes(plan: SweepPlan, shown: Sequence[str], trials: int, *, shares: bool) -> list[str]:
    rest = [axis.name for axis in plan.space if axis.name not in shown]
    notes = [f"{plan.place.partition(':')[2]}, {trials:,} trials; the best is circled, gray was not tried or has no figure."]
    if rest:
        notes.append(f"Each cell: the best over {', '.join(rest)}.")
    if shares:
        notes.append("A cell stands for neighbouring values too.")
    return notes
