"""One address of the double."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brokers.robinhood.testing.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_FOUND = Answer.json(404, {"detail": "Not found."})


@dataclass(frozen=True, slots=True)
class Route:
    """Requests of ``method`` whose whole path matches ``pattern``; its groups go to ``handler`` after venue and request.

    Attributes:
        open: Whether no login is needed.
    """

    method: str
    pattern: str
    handler: Callable[..., Answer]
    open: bool = False

    def groups(self, method: str, path: str) -> tuple[str, ...] | None:
        """The groups of a request that belongs here, ``None`` for any other."""
        found = re.fullmatch(self.pattern, path) if method == self.method else None
        return None if found is None else found.groups()
