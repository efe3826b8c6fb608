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

    model: Literal["none", "bps", "half_spread", "impact", "fitted"] = Field(
        default="bps", description="Which model: see the page about costs."
    )
    bps: Annotated[Number, Field(ge=0.0, le=1000.0)] = Field(
        default=2.0, description="Fixed part of the price, hundredths of a percent; in half_spread and impact the half spread."
    )
    dollars: Annotated[Number, Field(gt=0.0, le=100.0)] | None = Field(
        default=None, examples=[0.005], description="The half spread in dollars a share, in place of bps."
    )
    estimate: Literal["corwin_schultz"] | None = Field(
        default=None,
        examples=["corwin_schultz"],
        description="Estimate the half spread from daily highs and lows; bps stands in without history.",
    )
    coefficient: Annotated[Number, Field(ge=0.0, le=100.0)] = Field(
        default=1.0, description="What the square-root impact is multiplied by."
    )
    sessions: Annotated[Whole, Field(ge=3, le=1000)] = Field(
        default=20, description="Completed sessions behind spread, volume and volatility."
    )
    file: Path | None = Field(
        default=None,
        examples=["slippage.toml"],
        description="Fitted parameters, as onetape calibrate writes them; relative to the config file.",
    )

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

    per_order: Annotated[Number, Field(ge=0.0, le=1000.0)] = Field(default=0.0, description="Dollars an order.")
    per_share: Annotated[Number, Field(ge=0.0, le=100.0)] = Field(default=0.0, description="Dollars a share.")
    rate: Annotated[Number, Field(ge=0.0, le=0.1)] = Field(default=0.0, description="Fraction of the order's value.")
    tiers: Annotated[tuple[Tier, ...], BeforeValidator(_pairs)] = Field(
        default=(),
        examples=[[[300_000, 0.0035], [3_000_000, 0.002]]],
        description="Pairs [shares of the month up to which it holds, dollars a share], the smallest first, in place of per_share.",
    )
    minimum: Annotated[Number, Field(ge=0.0, le=1000.0)] = Field(default=0.0, description="Least commission of an order, dollars.")
    max_rate: Annotated[Number, Field(gt=0.0, le=1.0)] | None = Field(
        default=None, examples=[0.01], description="Most commission of an order, a fraction of its value; goes before minimum."
    )
    regulatory: bool = Field(default=False, description="Add the fees of SEC and FINRA on sales, by date, without any venue's waivers.")

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
