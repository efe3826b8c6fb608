"""The kinds of values a config can hold, and the section they stand in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _no_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


def _day(value: object) -> object:
    """A date as TOML and YAML have it, or its ISO text; pydantic alone would read a number as seconds since 1970."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise ValueError("must be a date that exists, written as 2005-01-31")  # noqa: TRY004 - pydantic collects ValueErrors
    return day


def _plain(value: object) -> object:
    if not isinstance(value, (bool, int, float, str)):
        raise ValueError("a parameter is a number, text, true or false")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


Number = Annotated[float, BeforeValidator(_no_switch), Field(allow_inf_nan=False)]
Fraction = Annotated[Number, Field(gt=0.0, le=1.0)]
Positive = Annotated[Number, Field(gt=0.0)]
NotNegative = Annotated[Number, Field(ge=0.0)]
Percent = Annotated[Number, Field(gt=0.0, lt=100.0)]
Whole = Annotated[int, BeforeValidator(_no_switch)]
Day = Annotated[date, BeforeValidator(_day)]
Parameter = Annotated[bool | int | float | str, BeforeValidator(_plain)]


class Section(BaseModel):
    """A table of the config: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)
