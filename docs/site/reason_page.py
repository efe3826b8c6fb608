"""The codes of refusals: what each means, and the key that sets its limit."""

from __future__ import annotations

import re

from wording import table

from framework.report.wording import REFUSALS
from framework.rules.pretrade.violations import MEASURES
from framework.rules.sizing.policy import REFUSALS as SIZES


def reasons() -> str:
    """A row for each code, in the order in which an order meets them."""
    keys = {code: f"`[limits] {measure.key}`" for code, measure in MEASURES.items()}
    keys |= {code: f"`{found[0]}`" for code, text in SIZES.items() if (found := re.search(r"\[\w+\] \w+", text))}
    return table(("code", "meaning", "set by"), [(f"`{code}`", meaning, keys.get(code, "")) for code, meaning in REFUSALS.items()])
