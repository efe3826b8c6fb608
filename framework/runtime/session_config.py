"""Where the tape of a run is, how often a live session looks at its venue, and what happens when it or its operator falls silent."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import Field, field_validator, model_validator

from framework.runtime.config_fields import Number, Section

SCHEMES = ("sqlite", "postgresql")


class SessionSection(Section):
    """How often a live session looks at its venue, and its dead man's switches.

    Each look is a request, which the budget of [broker] counts: 5 in any 15 seconds, unless it says otherwise.
    """

    look_seconds: Annotated[Number, Field(ge=1.0, le=60.0)] = Field(
        default=3.0, description="Time between two looks at the venue's orders while one of ours may trade, seconds."
    )
    idle_look_seconds: Annotated[Number, Field(ge=1.0, le=600.0)] = Field(
        default=30.0, description="The same while none may; not less than look_seconds."
    )
    compare_seconds: Annotated[Number, Field(ge=5.0, le=3_600.0)] = Field(
        default=300.0, description="Time between two comparisons of tape, venue and books (orders, positions, cash), seconds."
    )
    patience_seconds: Annotated[Number, Field(ge=1.0, le=3_600.0)] = Field(
        default=120.0, description="How long the first comparison of a start may fail before the start is given up, seconds."
    )
    unprotected_seconds: Annotated[Number, Field(ge=1.0, le=300.0)] = Field(
        default=5.0,
        description="How long shares may stand without the stop that is managed for them; then entries stop and a person is told.",
    )

    watchdog_seconds: Annotated[Number, Field(ge=0.0, le=86_400.0)] = Field(
        default=120.0,
        description="A live loop that has not turned for so long, or has died and was not started again, is halted from outside: its "
        "entries are canceled at the venue, its stops stay, and a person is told; 0 for no watchdog.",
    )
    operator_hours: Annotated[Number, Field(ge=0.0, le=8_760.0)] = Field(
        default=0.0, description="Entries stop when nothing was heard of the operator (`onetape heartbeat`) for so long; 0 for never."
    )

    @model_validator(mode="after")
    def _looks_less_when_idle(self) -> SessionSection:
        if self.idle_look_seconds < self.look_seconds:
            raise ValueError(
                f"idle_look_seconds = {self.idle_look_seconds:g} is below look_seconds = {self.look_seconds:g}: "
                "while nothing may trade it is looked at least as seldom"
            )
        return self


class TapeSection(Section):
    """Where the tape of a run is: left out, tape.db in its folder."""

    url: str | None = Field(
        default=None,
        description="sqlite:///path with {run} in it for the name of the run folder, or postgresql://user@host/database, where each run "
        "gets a schema of its own. Passwords come from PGPASSWORD or ~/.pgpass.",
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        scheme, found, rest = url.partition("://")
        if not found or scheme not in SCHEMES or not rest.strip("/"):
            raise ValueError("write sqlite:///path/{run}.db or postgresql://user@host/database")
        if scheme == "sqlite" and "{run}" not in rest:
            raise ValueError("a file holds the tape of one run: put {run} into the path, such as sqlite:///tapes/{run}.db")
        user, at, _ = rest.partition("@")
        _, _, query = rest.partition("?")
        if (at and ":" in user) or any("pass" in name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)):
            raise ValueError("it holds a password; leave it out and set PGPASSWORD, or write it into ~/.pgpass")
        return url
