"""One run by two drivers: what the second one leaves must be what the first one left."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from framework.app.backtest.run import run
from framework.engine.journal import decision_line
from framework.errors import ConfigError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from framework.domain.record import RunRecord
    from framework.runtime.config import Config


def verified(config: Config, record: RunRecord, beside: Path | None = None, data: Mapping[str, pd.DataFrame] | None = None) -> str:
    """Run ``config`` again by another driver than that of ``record``; what they agree on, in words.

    Raises:
        ConfigError: There is no other driver for the strategy.
        VerificationError: They do not agree; the message has the first difference.
    """
    other = "arrays" if record.engine == "backtrader" else "backtrader"
    again = run(config.model_copy(update={"engine": config.engine.model_copy(update={"name": other})}), data, beside=beside).record
    if again.engine == record.engine:
        raise ConfigError(f"--verify: {record.strategy} has no other driver than {record.engine}")
    found = difference(record, again)
    if found:
        raise VerificationError(f"{record.engine} and {again.engine} do not agree: {found}")
    return f"{record.engine} and {again.engine} agree on {len(record.orders)} decisions, {len(record.fills)} fills and the equity curve"


def difference(one: RunRecord, other: RunRecord) -> str:
    """The first thing in which two runs differ, in words; empty where they do not."""
    return (
        _first("decision", [decision_line(order).strip() for order in one.orders], [decision_line(order).strip() for order in other.orders])
        or _first("fill", one.fills, other.fills)
        or _first("equity at decision time", one.equity.tolist(), other.equity.tolist())
        or _first("refusal", one.refusals, other.refusals)
        or ("" if one.decisions_hash == other.decisions_hash else "the hashes of decisions differ")
    )


def _first(what: str, ones: Sequence[object], others: Sequence[object]) -> str:
    pairs = enumerate(zip_longest(ones, others, fillvalue="none"), start=1)
    return next((f"{what} {number}: {one} | {other}" for number, (one, other) in pairs if one != other), "")
