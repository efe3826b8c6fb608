"""The order manager on a tape in PostgreSQL: the same events, the same recovery."""

from __future__ import annotations

import pytest

from framework.runtime.orders import events
from tests.postgres import cluster, programs
from tests.runtime.orders.test_recovery import live_through, shape
from tests.venue.scripted import ScriptedVenue
from tests.venue.trader import Trader

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server():
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (no initdb below /usr/lib/postgresql or on PATH)")
    with cluster() as address:
        yield address


def test_both_databases_hold_the_same_events_and_the_same_recovery(server, tape):
    written = []
    for place in (server, tape):
        venue = ScriptedVenue()
        with Trader(place, venue) as first:
            live_through(first, venue)
            known, sent = shape(first.manager.books), venue.requests["send"]
            written.append([(event.kind, event.payload, event.key) for event in first.store.events(kinds=events.ALL)])
        with Trader(place, venue) as second:
            assert shape(second.manager.books) == known
            second.start()
            assert venue.requests["send"] == sent
    assert written[0] == written[1]
