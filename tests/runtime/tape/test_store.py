"""The tape of a trading process: what is acknowledged stays, once, in order, by the one who may write."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.errors import (
    AlreadyRecordedError,
    ConfigError,
    InvariantError,
    LeaseHeldError,
    LeaseLostError,
    MissingDataError,
    TapeError,
    TapeMismatchError,
)
from framework.runtime.tape.chain import NewEvent, chained, link
from framework.runtime.tape.checkpoints import Checkpoint
from framework.runtime.tape.store import TapeStore
from tests.runtime.tape.conftest import HEADER

if TYPE_CHECKING:
    from framework.runtime.tape.chain import TapeEvent


def note(number: int, key: str | None = None) -> NewEvent:
    return NewEvent(1_000 + number, "note", {"number": number}, key)


def on(place: str) -> list[TapeEvent]:
    with TapeStore.attach(place) as reader:
        return list(reader.events())


def test_a_new_tape_begins_with_its_header(store):
    (first,) = store.events()
    assert (first.sequence, first.kind, first.payload, first.epoch) == (0, "run_started", HEADER, 0)
    assert store.head == (0, first.hash)


def test_what_was_appended_is_read_back_in_order(store, place):
    written = store.append([note(1), note(2, "a"), note(3)])
    assert [event.sequence for event in written] == [1, 2, 3]
    assert tuple(store.events(after=0)) == written == tuple(on(place)[1:])
    assert store.head == (3, written[-1].hash)


def test_each_hash_covers_the_event_and_the_one_before(store):
    store.append([note(1, "a"), note(2)])
    last = ""
    for event in store.events():
        payload = '{"account":"hash of an account","mode":"paper"}' if event.sequence == 0 else f'{{"number":{event.sequence}}}'
        last = link(last, event.sequence, event.timestamp, event.kind, payload, event.key, event.epoch)
        assert event.hash == last


def test_events_are_read_behind_a_number_and_by_kind(store):
    store.append([note(1), NewEvent(5, "other", {}), note(2)])
    assert [event.kind for event in store.events(after=1)] == ["other", "note"]
    assert [event.sequence for event in store.events(kinds={"note"})] == [1, 3]


def test_nothing_appended_is_nothing_written(store):
    assert store.append([]) == ()
    assert store.head.sequence == 0


def test_many_events_are_read_page_by_page(store):
    store.append([note(number) for number in range(2_500)])
    assert [event.payload["number"] for event in store.events(after=0)] == list(range(2_500))
    assert store.verify() == 2_501


def test_an_event_with_a_key_is_recorded_once_ever(store, place):
    store.append([note(1, "dispatch:a:0")])
    with pytest.raises(AlreadyRecordedError, match=r"event 1 has the key 'dispatch:a:0' already"):
        store.append([note(2), note(3, "dispatch:a:0"), note(4, "fresh")])
    with TapeStore.attach(place) as other, pytest.raises(AlreadyRecordedError):
        other.append([note(5, "dispatch:a:0")])
    assert [event.payload for event in store.events(after=0)] == [{"number": 1}]
    assert store.holds("dispatch:a:0")
    assert not store.holds("fresh")
    store.append([note(4, "fresh")])
    assert store.holds("fresh")


def test_two_events_of_one_batch_with_one_key_are_refused(store):
    with pytest.raises(AlreadyRecordedError, match="two of the new events"):
        store.append([note(1, "a"), note(2, "a")])
    assert store.head.sequence == 0


def test_a_payload_that_is_no_plain_data_is_a_bug_and_not_written(store):
    with pytest.raises(InvariantError, match="plain data"):
        store.append([NewEvent(1, "note", {"what": object()})])
    assert store.head.sequence == 0


# What reaches a payload in the wild: broken surrogates, NUL, line breaks, large numbers.
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=max(5, settings.default.max_examples // 5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(), PLAIN, max_size=4), st.integers(-(2**62), 2**62))
def test_any_plain_payload_comes_back_as_it_was(store, payload, timestamp):
    (written,) = store.append([NewEvent(timestamp, "note", payload)])
    (back,) = store.events(after=written.sequence - 1)
    assert (back.payload, back.timestamp) == (payload, timestamp)


@given(st.lists(st.tuples(st.integers(0, 9), st.text(max_size=3), st.none() | st.text(max_size=3), st.integers(0, 3)), max_size=2))
def test_no_two_events_have_one_hash(parts):
    rows = [link("", 0, time, "note", '"x"', f"{text}{key}" if key is not None else None, epoch) for time, text, key, epoch in parts]
    told = {(time, None if key is None else f"{text}{key}", epoch) for time, text, key, epoch in parts}
    assert len(set(rows)) == len(told)


def test_threads_that_append_at_once_all_get_their_place(store):
    def work(number: int) -> None:
        for step in range(10):
            store.append([note(100 * number + step)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.verify() == 41
    told = [event.payload["number"] for event in store.events(after=0)]
    assert all([one for one in told if one // 100 == number] == [100 * number + step for step in range(10)] for number in range(4))


def test_two_writers_take_turns_and_the_chain_does_not_fork(store, place):
    with TapeStore.attach(place) as other:
        for number in range(10):
            (store if number % 2 else other).append([note(number)])
    assert store.verify() == 11


# The tape is its owner's.


def test_a_tape_opened_again_goes_on_where_it_was(place):
    with TapeStore.open(place, header=HEADER) as store:
        store.append([note(1)])
    with TapeStore.open(place, header=HEADER) as store:
        store.append([note(2)])
        assert [event.payload for event in store.events()] == [HEADER, {"number": 1}, {"number": 2}]


@pytest.mark.parametrize("header", [{"mode": "live"}, HEADER | {"account": "another"}, {"more": 1}])
def test_the_tape_of_something_else_is_refused(store, place, header):
    with pytest.raises(TapeMismatchError, match=rf"the tape of something else: .*{next(reversed(header))}"):
        TapeStore.open(place, header=header)
    assert store.head.sequence == 0


def test_a_closed_tape_refuses_everything(store):
    store.close()
    for use in (lambda: store.append([note(1)]), lambda: store.head, lambda: list(store.events())):
        with pytest.raises(TapeError, match="it was closed; open it again"):
            use()


def test_there_must_be_a_tape_to_attach_to(tmp_path):
    with pytest.raises(MissingDataError, match=r"no tape at .*nothing\.db"):
        TapeStore.attach(tmp_path / "nothing.db")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["mysql://a/b", "http://x"])
def test_a_place_that_is_none_is_a_config_error_that_keeps_the_rest_to_itself(place):
    with pytest.raises(ConfigError, match=r"no place for a tape") as caught:
        TapeStore.attach(place)
    assert place not in str(caught.value)


# The lease.


def test_under_a_lease_events_carry_its_epoch(store):
    lease = store.acquire("account", "process 1", 60)
    (event,) = store.append([note(1)], lease)
    assert (lease.epoch, event.epoch) == (1, 1)
    assert 0 < lease.seconds_left() <= 60


def test_a_second_process_gets_no_lease_while_the_first_has_it(store, place):
    store.acquire("account", "process 1", 60)
    with TapeStore.attach(place) as other, pytest.raises(LeaseHeldError):
        other.acquire("account", "process 2", 60)


def test_after_a_release_the_next_lease_has_the_next_epoch_and_the_old_one_writes_nothing(store, place):
    old = store.acquire("account", "process 1", 60)
    store.release(old)
    with TapeStore.attach(place) as other:
        new = other.acquire("account", "process 2", 60)
        assert new.epoch == old.epoch + 1
        for late in (lambda: store.append([note(1)], old), lambda: store.renew(old, 60), lambda: store.release(old)):
            with pytest.raises(LeaseLostError, match="belongs to process 2, epoch 2"):
                late()
        other.append([note(2)], new)
    assert [event.payload["number"] for event in store.events(after=0)] == [2]


def test_a_lease_that_has_expired_writes_nothing_and_cannot_be_renewed(store):
    lease = store.acquire("account", "process 1", 0)
    assert lease.seconds_left() <= 0
    for late in (lambda: store.append([note(1)], lease), lambda: store.renew(lease, 60)):
        with pytest.raises(LeaseLostError, match="has expired"):
            late()
    assert store.head.sequence == 0


def test_a_renewed_lease_lasts_longer_under_the_same_epoch(store):
    lease = store.acquire("account", "process 1", 1)
    longer = store.renew(lease, 600)
    assert longer.epoch == lease.epoch
    assert longer.expires > lease.expires
    store.append([note(1)], lease)  # the holder and the epoch count, not which copy of the lease is at hand


def test_a_lease_is_of_one_account(store):
    first, second = store.acquire("one", "process", 60), store.acquire("two", "process", 60)
    assert (first.epoch, second.epoch) == (1, 1)
    store.release(first)
    store.append([note(1)], second)
    with pytest.raises(LeaseLostError):
        store.append([note(2)], first)


def test_two_versions_of_the_code_do_not_trade_on_one_tape(store):
    store.acquire("one", "old", 60, code="aaa")
    with pytest.raises(LeaseHeldError, match="another version of the code"):
        store.acquire("two", "new", 60, code="bbb")
    store.acquire("two", "old too", 60, code="aaa")


def test_no_lease_needed_for_what_is_no_trading(store):
    store.acquire("account", "process 1", 60)
    (event,) = store.append([note(1)])
    assert event.epoch == 0


# Checkpoints.


def test_a_checkpoint_comes_back_and_the_next_one_replaces_it(store):
    assert store.checkpoint("orders/1") is None
    for number in (1, 2):
        (event,) = store.append([note(number)])
        kept = Checkpoint("orders/1", event.sequence, event.hash, {"open": [number]})
        store.save_checkpoint(kept)
        assert store.checkpoint("orders/1") == kept
    assert store.checkpoint("orders/2") is None


def test_a_checkpoint_of_another_tape_is_not_trusted(store):
    (event,) = store.append([note(1)])
    store.save_checkpoint(Checkpoint("orders/1", event.sequence, "f" * 64, {}))
    assert store.checkpoint("orders/1") is None


def test_rows_are_chained_as_the_store_chains_them(store):
    events = [note(1, "a"), note(2)]
    rows = list(chained(store.head, events))
    assert [row.read() for row in rows] == list(store.append(events))
