"""What trading costs, as a user writes it: slippage and fees."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from framework.runtime.config_fields import Number, Section, Whole

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPREAD = ("bps", "dollars", "estimate", "sessions")
#: The keys each model reads; another one that is set is a misunderstanding.
_READ: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "none": (),
        "bps": ("bps",),
        "half_spread": _SPREAD,
        "impact": (*_SPREAD, "coefficient"),
        "fitted": ("file", "sessions"),
    }
)


class Slippage(Section):
    """How far fills are worse than the market's price.

    ``bps`` is a fixed part of the price in basis points; for half_spread and impact it is the half spread, unless ``dollars`` a share or an
    ``estimate`` over the last ``sessions`` is asked for, and then it stands in where there is nothing to estimate from. impact adds
    ``coefficient`` times the square root of the fill's share of a day's volume, in daily volatilities. fitted reads ``file``.
    """

    model: Literal["none", "bps", "half_spread", "impact", "fitted"] = "bps"
    bps: Annotated[Number, Field(ge=0.0, le=1000.0)] = 2.0
    dollars: Annotated[Number, Field(gt=0.0, le=100.0)] | None = None
    estimate: Literal["corwin_schultz"] | None = None
    coefficient: Annotated[Number, Field(ge=0.0, le=100.0)] = 1.0
    sessions: Annotated[Whole, Field(ge=3, le=1000)] = 20
    file: Path | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Slippage:
        changed = [name for name, field in type(self).model_fields.items() if name != "model" and getattr(self, name) != field.default]
        stray = [name for name in changed if name not in _READ[self.model]]
        if stray:
            known = f"it knows {', '.join(_READ[self.model])}" if _READ[self.model] else "it has no keys"
            raise ValueError(f'{stray[0]} is not used by model = "{self.model}"; {known}')
        if self.dollars is not None and (self.estimate is not None or "bps" in changed):
            raise ValueError("dollars is the half spread already; leave out bps and estimate, or dollars")
        if self.model == "half_spread" and self.estimate is None and "sessions" in changed:
            raise ValueError('sessions is used by an estimate only; add estimate = "corwin_schultz" or leave sessions out')
        if self.model == "fitted" and self.file is None:
            raise ValueError('model = "fitted" needs file, the name of a file of parameters; see docs/costs.md')
        return self


def _pairs(value: object) -> object:
    if not isinstance(value, (list, tuple)) or any(not isinstance(one, (list, tuple)) or len(one) != 2 for one in value):
        raise ValueError("must be a list of pairs [shares a month, dollars a share]")
    return value


Tier = tuple[Annotated[Number, Field(gt=0.0, le=1e12)], Annotated[Number, Field(ge=0.0, le=100.0)]]


class Fees(Section):
    """Commission of an order: the sum of its parts in dollars, at least ``minimum``, at most the fraction ``max_rate`` of its value.

    ``tiers`` are pairs [shares a month up to which it holds, dollars a share]; the last one holds beyond too. ``regulatory`` adds what the
    SEC and FINRA take of sales.
    """

    per_order: Annotated[Number, Field(ge=0.0, le=1000.0)] = 0.0
    per_share: Annotated[Number, Field(ge=0.0, le=100.0)] = 0.0
    rate: Annotated[Number, Field(ge=0.0, le=0.1)] = 0.0
    tiers: Annotated[tuple[Tier, ...], BeforeValidator(_pairs)] = ()
    minimum: Annotated[Number, Field(ge=0.0, le=1000.0)] = 0.0
    max_rate: Annotated[Number, Field(gt=0.0, le=1.0)] | None = None
    regulatory: bool = False

    @model_validator(mode="after")
    def _is_one_price(self) -> Fees:
        if self.tiers and self.per_share:
            raise ValueError("per_share and tiers are two prices of a share; keep one")
        if any(later <= earlier for (earlier, _), (later, _) in pairwise(self.tiers)):
            raise ValueError("tiers must be in order, the smallest number of shares first")
        return self


def _slippage_by_name(value: object) -> object:
    return {"model": value} if isinstance(value, str) else value


def _fees_branch(value: object) -> str:
    return "<table>" if isinstance(value, (dict, Fees)) else "<name>"


SlippageChoice = Annotated[Slippage, BeforeValidator(_slippage_by_name)]
FeesChoice = Annotated[Annotated[Literal["venue", "none"], Tag("<name>")] | Annotated[Fees, Tag("<table>")], Discriminator(_fees_branch)]
