"""How a session is watched, and what it takes to trade with money, as a user writes it; none of it changes a decision."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from framework.runtime.config_fields import Fraction, NotNegative, Number, Positive, Section, Whole

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,99}")

Count = Annotated[Whole, Field(ge=1, le=1_000_000)]


class ShadowSection(Section):
    """How far live fills may part from what [fills] gives for the same orders; see docs/sessions.md.

    Judged are the last ``window`` orders that are over, once ``least_orders`` of them have traded: ``max_slippage_bps`` is what the shares
    that traded on both sides may cost beside the model, ``max_missed_pct`` the fraction of orders that traded on one side only. ``action``
    "reduce" stops entries until somebody resumes.
    """

    max_slippage_bps: NotNegative = Field(
        default=50.0, description="What the shares that traded on both sides may cost beside the model, hundredths of a percent."
    )
    max_missed_pct: Fraction = Field(default=0.25, description="Fraction of the orders that may trade on one side only.")
    least_orders: Count = Field(default=10, description="Orders over and traded before anything is judged.")
    window: Annotated[Whole, Field(ge=1, le=10_000)] = Field(default=50, description="Last orders that are judged.")
    action: Literal["alert", "reduce"] = Field(
        default="alert", description="What a divergence does: tell somebody, or stop entries until a resume too."
    )


class AlertTarget(Section):
    """A place alerts go: the environment variable that holds its Apprise address, and the least severity that goes there."""

    variable: str = Field(
        examples=["ONETAPE_ALERT_URL_DESK"], description="Environment variable that holds the address; never the address itself."
    )
    least: Literal["info", "warning", "critical"] = Field(default="info", description="Least severity that goes there.")

    @model_validator(mode="after")
    def _names_a_variable(self) -> AlertTarget:
        """On the whole target, so that what was given is not shown: it may be the address itself, with its password."""
        if not _VARIABLE.fullmatch(self.variable):
            raise ValueError(
                "variable is the name of an environment variable that holds the address (ONETAPE_ALERT_URL_DESK), not the address"
            )
        return self


class AlertsSection(Section):
    """Who is told: targets by name. The same alert once in ``quiet_seconds`` at most; ``most_an_hour`` does not hold critical ones back."""

    targets: dict[str, AlertTarget] = Field(default_factory=dict, description="Places alerts go, a table for each name.")
    quiet_seconds: Annotated[Number, Field(ge=0.0, le=86_400.0)] = Field(
        default=300.0, description="The same alert is sent once in this time at most, seconds."
    )
    most_an_hour: Annotated[Whole, Field(ge=1, le=3_600)] = Field(
        default=60, description="Alerts an hour at most; critical ones are never held back."
    )


class PromotionSection(Section):
    """What paper has to have shown before money is traded, and how much of it at first.

    ``paper_sessions`` trading sessions on live quotes, ``round_trips`` in them, no drawdown above ``max_drawdown_pct``, and what paper and,
    later, live earned apart from the fill model over the same bars, as a fraction of the cash, not above ``max_divergence_pct``. In the
    first ``first_sessions`` live sessions an entry is worth at most ``first_order_dollars``, and at most ``first_dollars`` are bought for
    in a day.
    """

    paper_sessions: Annotated[Whole, Field(ge=0, le=1_000)] = Field(
        default=5, description="Trading sessions of paper on live quotes before money is traded."
    )
    round_trips: Annotated[Whole, Field(ge=0, le=1_000_000)] = Field(default=5, description="Round trips in them.")
    max_drawdown_pct: Fraction = Field(default=0.10, description="Deepest fall they may have had, a fraction.")
    max_divergence_pct: Fraction = Field(
        default=0.02, description="What they may have earned apart from the fill model over the same bars, a fraction of the cash."
    )
    first_sessions: Annotated[Whole, Field(ge=0, le=1_000)] = Field(
        default=5, description="Live sessions in which the two limits below hold."
    )
    first_order_dollars: Positive = Field(default=500.0, description="Largest entry in the first live sessions, dollars.")
    first_dollars: Positive = Field(default=2_500.0, description="Largest sum of purchases a day in the first live sessions, dollars.")
