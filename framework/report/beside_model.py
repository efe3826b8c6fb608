"""The section of a live run's page about the fill model: what its orders earned, and what the model would have made of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.errors import BadDataError
from framework.report.divergence import COMPONENTS
from framework.report.divergence_page import MEANINGS, money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: What ``compare`` says of a live run and its shadow, in the run folder.
DOCUMENT = "shadow.json"


#: Runs whose orders a venue fills.
AT_A_VENUE = frozenset({"live", "dry-run", "rehearsal"})


class Row(NamedTuple):
    """One part of the difference, live less model, in words."""

    name: str
    meaning: str
    money: str


def read_beside_model(folder: Path, mode: str) -> Mapping[str, object] | None:
    """What parts the run of ``mode`` in ``folder`` from its shadow; ``None`` where it has none.

    Raises:
        BadDataError: The document cannot be read.
    """
    place = folder / DOCUMENT
    if mode not in AT_A_VENUE:
        return None
    try:
        found: Mapping[str, object] = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadDataError(f"{place} cannot be read: {error}; make it again with `onetape compare`") from None
    return found


def section(told: Mapping[str, Any] | None) -> dict[str, object]:
    """What the page shows of ``told``, a document of ``compare``; nothing where there is none."""
    if told is None:
        return {"beside_model": []}
    parts: Mapping[str, float] = told["components"]
    rows = [Row(name, MEANINGS[name], money(round(parts[name] * 1e6))) for name in COMPONENTS if parts[name]]
    live, model = told["traded_in_one_only"]
    fills = [sum(row["fills"] for row in told["slippage"] if row["run"] == name) for name in told["runs"]]
    missed = f"{fills[0]} fills, {fills[1]} of the model; {len(live)} orders traded live only, {len(model)} in the model only."
    rows.append(Row("together", "live less model", money(round(told["difference"] * 1e6))))
    return {"beside_model": rows, "beside_model_sentence": told["sentence"], "beside_model_missed": missed}
