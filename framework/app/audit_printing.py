"""What audits found, as JSON holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.app.lookahead import FUTURES

if TYPE_CHECKING:
    from framework.app.lookahead import LookaheadAudit


def lookahead_report(found: LookaheadAudit) -> dict[str, object]:
    """What ``onetape audit lookahead --json`` prints; times are ns UTC."""
    return {
        "strategy": found.strategy,
        "passed": found.passed,
        "verdict": found.verdict,
        "cuts": found.cuts,
        "futures": list(FUTURES),
        "compared": found.compared,
        "silent": dict(found.silent),
        "first_difference": None if found.first is None else found.first._asdict(),
    }
