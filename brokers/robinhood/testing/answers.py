"""An answer on its way out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

THROTTLED = "Request was throttled. Expected available in {} seconds."


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, bytes and headers."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, body: object, headers: dict[str, str] | None = None) -> Answer:
        """``body`` as JSON; a text goes out as it is, as a page."""
        if isinstance(body, str):
            return cls(status, body.encode(), {"Content-Type": "text/html", **(headers or {})})
        return cls(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


@dataclass(frozen=True, slots=True)
class Request:
    """A request that has come in; the path without its query.

    Attributes:
        token: The bearer token it carries, or an empty text.
        unreadable: Whether its body is not what its Content-Type says.
    """

    method: str
    path: str
    query: dict[str, str]
    fields: dict[str, Any]
    token: str = ""
    unreadable: bool = False


def page(rows: list[Any], next_url: str | None = None) -> dict[str, Any]:
    """The envelope of a list."""
    return {"next": next_url, "previous": None, "results": rows}
