"""The submission protocol is safe in every state it can get into, and the protocols known to fail do fail."""

from __future__ import annotations

import pytest

from tests.campaigns import size
from tests.models.exploring import explored
from tests.models.submission import Protocol, faults, opening, steps

TWO_LEASED = {"processes": 2, "fence": "lease"}
SAFE = {
    "D: sent again under the same id to a venue that dedupes": Protocol(dedupes=True, when_missing="send_again", adopts_late=False),
    "G: given up, adopted late, never decided anew": Protocol(when_missing="give_up"),
    "H: held until somebody knows": Protocol(),
    "I: H, two processes on one journal": Protocol(processes=2),
    "J: H, two processes with a lease": Protocol(**TWO_LEASED),
    "L: D, two processes with a lease": Protocol(dedupes=True, when_missing="send_again", **TWO_LEASED),
    "M: H, two processes with a lock": Protocol(processes=2, fence="lock"),
    "O: H, two machines, ids from the decision, a venue that dedupes": Protocol(dedupes=True, processes=2, own_journals=True),
    "R: bound by terms in an account nobody else trades": Protocol(binds_by_terms=True),
}
UNSAFE = {
    "A: sent, then written down": (
        Protocol(writes_first=False, same_id=False, after_silence="give_up", signals_again=True, adopts_late=False),
        {"DUPLICATE", "LOST"},
    ),
    "B: another id for every attempt": (
        Protocol(same_id=False, dedupes=True, after_silence="send_again", when_missing="send_again", listing_lies=False, adopts_late=False),
        {"DUPLICATE"},
    ),
    "C: sent again to a venue that does not dedupe": (Protocol(when_missing="send_again", listing_lies=False), {"DUPLICATE"}),
    "F: not listed taken for a no, decided anew": (
        Protocol(dedupes=True, when_missing="give_up", listing_lies=False, adopts_late=False, signals_again=True),
        {"DUPLICATE", "LOST"},
    ),
    "H2: two processes that ask at their start only": (Protocol(processes=2, asks_while_running=False), {"LOST"}),
    "K: C, two processes with a lease": (Protocol(when_missing="send_again", listing_lies=False, **TWO_LEASED), {"DUPLICATE"}),
    "N: two machines, random ids": (
        Protocol(same_id=False, dedupes=True, listing_lies=False, processes=2, own_journals=True),
        {"DUPLICATE"},
    ),
    "Q: bound by terms where a person trades too": (Protocol(binds_by_terms=True, person_trades=True), {"LOST", "MISBOUND"}),
}
FEW = {"K", "L"}  # two processes that send again have most of the states


def budget(name):
    """Crashes and sends that work against a protocol."""
    return (size(2, 3), size(4, 5)) if name[0] in FEW else (3, size(4, 5))


def found(protocol, crashes, sends):
    return explored(opening(protocol, crashes, sends), lambda world: steps(protocol, world), lambda *at: faults(protocol, *at))


@pytest.mark.parametrize("name", [name for name in SAFE if name[0] not in FEW])
def test_no_state_of_a_safe_protocol_loses_doubles_or_invents_an_order(name):
    assert found(SAFE[name], 2, 3).traces == {}


@pytest.mark.parametrize("name", [name for name in UNSAFE if name.split(":")[0] not in FEW])
def test_an_unsafe_protocol_is_found_unsafe(name):
    protocol, expected = UNSAFE[name]
    assert found(protocol, 2, 3).faults == expected


@pytest.mark.campaign
@pytest.mark.parametrize("name", SAFE)
def test_no_state_of_a_safe_protocol_is_bad_with_more_crashes_and_sends(name):
    assert found(SAFE[name], *budget(name)).traces == {}


@pytest.mark.campaign
@pytest.mark.parametrize("name", UNSAFE)
def test_an_unsafe_protocol_is_found_unsafe_with_more_crashes_and_sends(name):
    protocol, expected = UNSAFE[name]
    assert found(protocol, *budget(name)).faults == expected


def test_a_trace_tells_how_the_order_came_to_be_doubled():
    trace = found(UNSAFE["C: sent again to a venue that does not dedupe"][0], 0, 2).traces["DUPLICATE"]
    assert trace[-1] == "request 1 arrives"
    assert [step for step in trace if step.startswith("send")] == ["send 1 (0)", "send 1 (0)"]
