"""Where the tape of a run is, and what happens when a live session or its operator falls silent, as a user writes it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import Field, field_validator

from framework.runtime.config_fields import Number, Section

SCHEMES = ("sqlite", "postgresql")


class SessionSection(Section):
    """The dead man's switches of a session."""

    watchdog_seconds: Annotated[Number, Field(ge=0.0, le=86_400.0)] = Field(
        default=120.0,
        description="A live loop that has not turned for so long, or has died and was not started again, is halted from outside: its "
        "entries are canceled at the venue, its stops stay, and a person is told; 0 for no watchdog.",
    )
    operator_hours: Annotated[Number, Field(ge=0.0, le=8_760.0)] = Field(
        default=0.0, description="Entries stop when nothing was heard of the operator (`onetape heartbeat`) for so long; 0 for never."
    )


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
