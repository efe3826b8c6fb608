"""Slippage parameters fitted to one's own fills, read from a file."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from framework.errors import ConfigError
from framework.rules.costs.slippage import Fitted, FittedRow
from framework.runtime.config_fields import Number, Section, Whole
from framework.runtime.explaining import allowed, near, shown
from framework.runtime.risk_config import OrderTypeName

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic_core import ErrorDetails

VERSION = 1


class Row(Section):
    """Parameters for an order type and an hour of the exchange's day; without one of them, for any."""

    order_type: OrderTypeName | None = None
    hour: Annotated[Whole, Field(ge=0, le=23)] | None = None
    intercept_bps: Annotated[Number, Field(ge=0.0, le=1000.0)]
    impact: Annotated[Number, Field(ge=0.0, le=100.0)] = 0.0


class FittedFile(Section):
    """A file of parameters."""

    version: Literal[1]
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]


def fitted_slippage(path: Path, sessions: int, hour_of: Callable[[int], int | None]) -> Fitted:
    """The model whose parameters stand in ``path`` (TOML, or JSON by suffix); see ``Fitted`` for the rest.

    Raises:
        ConfigError: The file is missing or unreadable, or a key or value is wrong; the message names file, key, value and remedy.
    """
    try:
        rows = FittedFile.model_validate(_tree(path)).rows
        return Fitted(tuple(FittedRow(row.intercept_bps / 10_000, row.impact, row.order_type, row.hour) for row in rows), hour_of, sessions)
    except ValidationError as error:
        raise ConfigError(f"{path}: {'; '.join(dict.fromkeys(_line(one) for one in error.errors()))}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _tree(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot be read: {reason}; [fills] slippage.file names the file of parameters") from None
    kind = "JSON" if path.suffix == ".json" else "TOML"
    try:
        return json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is not valid {kind}: {error}; correct it there") from None


def _line(problem: ErrorDetails) -> str:
    *place, last = (f"item {part + 1}" if isinstance(part, int) else part for part in problem["loc"] or ("the file",))
    name = " ".join([*place, last])
    if problem["type"] == "extra_forbidden":
        known = list((Row if place else FittedFile).model_fields)
        return f"unknown key {name}{near(last, known) or '; known there: ' + ', '.join(known)}"
    if problem["type"] == "missing":
        return f"{name} is missing; write {last} = {VERSION if last == 'version' else '...'}"
    if last == "version":
        return f"version = {shown(problem['input'])}: this version reads files of version {VERSION}; fit the parameters again"
    return f"{name} = {shown(problem['input'])}: {allowed(problem)}"
