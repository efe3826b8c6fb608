"""How often a strategy was tried over the same bars, in backtests and sweeps of this project: ``runs/trials.db``."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from framework.app.folders.run_folders import RUNS
from framework.errors import ConfigError
from framework.report.summary import summarize
from framework.research.ledger import Entry, TrialLedger

if TYPE_CHECKING:
    from framework.domain.record import RunRecord


def trial_ledger(out: Path | None) -> TrialLedger | None:
    """The project's ledger, below ``runs/`` of the current folder; a command that was told to write to ``out`` does not start one."""
    path = RUNS / "trials.db"
    return TrialLedger(path) if out is None or path.is_file() else None


def source_hash(place: str) -> str:
    """SHA-256, hexadecimal, of the file of the loaded strategy at ``place``, "module:Class"; what the file imports is not in it."""
    file = getattr(sys.modules[place.partition(":")[0]], "__file__", None)
    return hashlib.sha256(Path(file).read_bytes() if file else b"").hexdigest()


def setting(config_hash: str, source: str) -> str:
    """What makes a trial another one: the config, parameters among it, and the strategy's source."""
    return hashlib.sha256(f"{config_hash}{source}".encode()).hexdigest()


def counted(record: RunRecord, place: str, ledger: TrialLedger) -> RunRecord:
    """``record`` of the strategy at ``place``, written into ``ledger``, with the number of trials there are of it over its bars.

    A ledger that cannot be written does not spoil the run: the number is missing and a warning says so.
    """
    sharpe = summarize(record)["sharpe"]
    entry = Entry(setting(record.config_hash, source_hash(place)), sharpe if isinstance(sharpe, float) else None)
    try:
        ledger.add(place, record.inputs_hash, [entry])
        return replace(record, trials=len(ledger.sharpes(place, record.inputs_hash)))
    except ConfigError as error:
        return replace(record, warnings=(*record.warnings, f"this trial is not counted: {error}"))
