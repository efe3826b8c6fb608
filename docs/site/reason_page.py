"""The codes of refusals: what each means, and the key that sets its limit."""

from __future__ import annotations

import re

from framework.report.wording import REFUSALS
from framework.rules.pretrade.violations import MEASURES
from framework.rules.sizing.policy import REFUSALS as SIZES


def reasons() -> str:
    """A row for each code, in the order in which an order meets them."""
    keys = {code: f"`[limits] {measure.key}`" for code, measure in MEASURES.items()}
    keys |= {code: f"`{found[0]}`" for code, text in SIZES.items() if (found := re.search(r"\[\w+\] \w+", text))}
    rows = [f"| `{code}` | {meaning} | {keys.get(code, '')} |" for code, meaning in REFUSALS.items()]
    return "\n".join(["| code | meaning | set by |", "|---|---|---|", *rows])
