"""Fee schedules and trades of every kind."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from framework.domain.values import MICRO
from framework.rules.costs.fees import Bounded, Percent, PerOrder, PerShare, Tiered, Together, Traded
from framework.rules.costs.regulatory import RegulatoryFees

EPOCH = date(1970, 1, 1)


def day_of(when: date) -> int:
    """Days since 1970."""
    return (when - EPOCH).days


days = st.dates(date(1995, 1, 1), date(2030, 12, 31)).map(day_of)
quantities = st.one_of(st.integers(0, 10**7), st.integers(0, 10**13))
prices = st.integers(1, 10**10)
regulatory = st.builds(RegulatoryFees, free_value=st.integers(0, 10**9), free_shares=st.integers(0, 10**9))
tiered = st.lists(st.tuples(st.integers(1, 10**12), st.integers(0, 10**5)), min_size=1, max_size=4, unique_by=lambda tier: tier[0]).map(
    lambda tiers: Tiered(tuple(sorted(tiers)))
)
single = st.one_of(
    st.builds(PerOrder, st.integers(0, 10**8)),
    st.builds(PerShare, st.integers(0, MICRO)),
    st.builds(Percent, st.integers(0, MICRO // 10)),
    tiered,
    regulatory,
)
schedules = st.recursive(
    single,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: Together(tuple(parts))),
        st.builds(Bounded, inner, st.integers(0, 10**7), st.none() | st.integers(0, MICRO)),
    ),
    max_leaves=4,
)
#: An order that has not traded yet, on some day of an account that has traded before.
fresh = st.builds(Traded, sign=st.sampled_from((1, -1)), day=days, quantity=st.just(0), value=st.just(0), month=st.integers(0, 10**13))
