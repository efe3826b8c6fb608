"""Of whom the columns of a run are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from framework.domain.venue import Capabilities
    from framework.engine.policies import Policies


class Facts(NamedTuple):
    """What the columns do not hold: of whom they are, and the rules they were made by."""

    strategy: str
    policies: Policies
    venue: Capabilities
