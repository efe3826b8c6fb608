"""The exit protocol is safe in every state it can get into, and the ways known to fail do fail."""

from __future__ import annotations

import pytest

from tests.campaigns import size
from tests.models.exploring import explored
from tests.models.leaving import Book, Exit, faults, steps

SAFE = {
    "6: written first, waits for the end, sizes by the fills": Exit(),
    "7: the same where the venue holds shares": Exit(venue_holds=True),
}
UNSAFE = {
    "1: cancels and sells at once": (Exit(waits=False, sizes_after=False), {"OVERSOLD", "NAKED"}),
    "2: the same where the venue holds shares": (Exit(waits=False, sizes_after=False, venue_holds=True), {"NAKED"}),
    "3: waits, and sells what there was before": (Exit(sizes_after=False), {"OVERSOLD"}),
    "4: writes nothing and restores nothing": (Exit(writes_first=False, restores=False), {"OVERSOLD", "NAKED"}),
    "5: writes nothing, restores stops": (Exit(writes_first=False), {"OVERSOLD", "NAKED"}),
}


def found(way, crashes=2, sales=2, shares=2):
    """Nothing follows on a fault: what is oversold stays so."""

    def following(book):
        return () if book.shares < 0 else steps(way, book)

    return explored(Book(shares=shares, stop=shares, crashes=crashes, sales=sales), following, lambda book, _: faults(book))


@pytest.mark.parametrize("name", SAFE)
def test_no_state_of_a_safe_exit_sells_too_much_or_leaves_shares_without_a_stop(name):
    result = found(SAFE[name], crashes=size(3, 5), sales=size(3, 5), shares=size(3, 5))
    assert result.traces == {}
    assert result.states > 500


@pytest.mark.parametrize("name", UNSAFE)
def test_an_unsafe_exit_is_found_unsafe(name):
    way, expected = UNSAFE[name]
    assert found(way).faults == expected


def test_a_trace_tells_how_too_much_came_to_be_sold():
    trace = found(UNSAFE["3: waits, and sells what there was before"][0]).traces["OVERSOLD"]
    assert trace.index("cancel the stop") < trace.index("the stop has ended") < trace.index("sell 1" if "sell 1" in trace else "sell 2")
    assert trace[-1] in ("the sale fills", "the stop fills")
