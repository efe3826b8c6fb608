"""What is made when somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar, overload

T_co = TypeVar("T_co", covariant=True)


class Later(Sequence[T_co]):
    """``length`` things that ``make`` makes: after many fills they are more work than the run. Equal to any sequence of the same."""

    def __init__(self, make: Callable[[], Sequence[T_co]], length: int) -> None:
        self._make = make
        self._length = length

    @cached_property
    def _made(self) -> tuple[T_co, ...]:
        return tuple(self._make()) if self._length else ()

    @overload
    def __getitem__(self, place: int) -> T_co: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, place: int | slice) -> T_co | tuple[T_co, ...]:
        return self._made[place]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._made)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._made == tuple(other)

    def __hash__(self) -> int:
        return hash(self._made)
