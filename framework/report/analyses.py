"""What analyzers found, as JSON has it: they answer with anything from a number to dictionaries by date."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, time
from numbers import Integral, Real
from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def write_analyses(analyses: Mapping[str, object], folder: Path) -> None:
    """Write analyzers.json into ``folder`` if there is anything to write.

    Raises:
        ConfigError: The folder cannot be written.
    """
    if not analyses:
        return
    text = json.dumps(plain(analyses), indent=2, ensure_ascii=False, allow_nan=False)
    try:
        (folder / "analyzers.json").write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write the run folder {folder}: {error.strerror}; choose another one with --out") from error


def plain(value: object) -> object:
    """``value`` as JSON can hold it: dates in ISO 8601, keys as text, ``None`` for what is no finite number, else its text."""
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(one) for one in value]
    return _single(value)


def _single(value: object) -> object:
    match value:
        case None | bool() | str():
            return value
        case Integral():
            return int(value)
        case Real():
            return float(value) if math.isfinite(value) else None
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
