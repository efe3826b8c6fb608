"""How many examples a clause of the decision core is tried on; `tests/conftest.py` has the profiles."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

_EXAMPLES = {"dev": 200, "ci": 200, "campaign": 2_000, "deep": 20_000, "nightly": 100_000, "mutation": 20}

#: Decorates the test of a clause.
clause = settings(max_examples=_EXAMPLES[settings.get_current_profile_name()])
#: All numbers of an example are drawn from one seed: a hundred thousand examples take minutes. The knobs beside it are what shrinks.
seeds = st.binary(min_size=8, max_size=8)
