"""Any sequence of appends and leases does on SQLite and on PostgreSQL what a model of a page does."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.errors import AlreadyRecordedError, LeaseHeldError, LeaseLostError
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.store import TapeStore
from tests.runtime.tape.conftest import HEADER, new_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.runtime.tape.lease import Lease

#: A step: append events with these keys (None: without) under the n-th lease taken (None: without), or acquire, or release the n-th.
STEP = st.one_of(
    st.tuples(st.just("append"), st.lists(st.none() | st.sampled_from("abc"), max_size=3), st.none() | st.integers(0, 3)),
    st.tuples(st.just("acquire"), st.sampled_from([600, 0]), st.none()),
    st.tuples(st.just("release"), st.none(), st.integers(0, 3)),
)


@dataclass
class Model:
    """What a tape is: a list, keys that were used, and who may write."""

    events: list[tuple[str | None, int]] = field(default_factory=list)
    leases: list[int] = field(default_factory=list)
    epoch: int = 0
    holds: bool = False
    lasts: bool = False

    def append(self, keys: list[str | None], number: int | None) -> type[Exception] | None:
        epoch = 0 if number is None else self.leases[number]
        if number is not None and not (epoch == self.epoch and self.holds and self.lasts):
            return LeaseLostError
        named = [key for key in keys if key is not None]
        if len(set(named)) < len(named) or {key for key, _ in self.events} & set(named):
            return AlreadyRecordedError
        self.events += [(key, epoch) for key in keys]
        return None

    def acquire(self, seconds: int) -> type[Exception] | None:
        if self.holds and self.lasts:
            return LeaseHeldError
        self.epoch, self.holds, self.lasts = self.epoch + 1, True, seconds > 0
        self.leases.append(self.epoch)
        return None

    def release(self, number: int) -> type[Exception] | None:
        if self.leases[number] != self.epoch:
            return LeaseLostError
        self.lasts = False
        return None


def outcome(work: Callable[[], object]) -> type[Exception] | None:
    try:
        work()
    except (AlreadyRecordedError, LeaseHeldError, LeaseLostError) as error:
        return type(error)
    return None


def follow(store: TapeStore, steps: list[tuple[str, object, int | None]]) -> None:
    """Take every step on the tape and in the model; they agree on each outcome and on what is there at the end."""
    model = Model()
    leases: list[Lease] = []
    for kind, what, number in steps:
        if number is not None and number >= len(leases):
            continue
        if kind == "append":
            lease = None if number is None else leases[number]
            found = outcome(lambda keys=what, lease=lease: store.append([NewEvent(1, "note", {}, key) for key in keys], lease))
            assert found is model.append(what, number)
        elif kind == "acquire":
            found = outcome(lambda seconds=what: leases.append(store.acquire("account", "process", seconds)))
            assert found is model.acquire(what)
        else:
            found = outcome(lambda lease=leases[number]: store.release(lease))
            assert found is model.release(number)
    assert [(event.key, event.epoch) for event in store.events(after=0)] == model.events
    assert store.verify() == len(model.events) + 1


FEW = settings(max_examples=max(10, settings.default.max_examples // 3), suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(st.lists(STEP, max_size=12))
def test_a_tape_in_a_file_does_what_the_model_does(memory, steps):
    folder = Path(tempfile.mkdtemp(dir=memory))
    with TapeStore.open(folder / "tape.db", header=HEADER) as store:
        follow(store, steps)
    shutil.rmtree(folder)


@pytest.mark.slow
@FEW
@given(st.lists(STEP, max_size=12))
def test_a_tape_in_postgresql_does_what_the_model_does(server, numbers, steps):
    with TapeStore.open(new_schema(server, next(numbers)), header=HEADER) as store:
        follow(store, steps)
