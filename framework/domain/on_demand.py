"""A value of a record that is worked out when somebody looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class OnDemand(Generic[Value]):
    """A field of a frozen dataclass without slots: given as a value, or as a function that is called once, at the first look.

    ``dataclasses.replace`` looks at every field.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        """Where the value is kept: beside the fields of ``owner``."""
        self._place = f"_{name}"

    def __get__(self, record: object | None, kind: type) -> Value:
        """The value."""
        if record is None:
            raise AttributeError(f"{kind.__name__} has no default for {self._place[1:]}")  # so that the dataclass asks for one
        kept = vars(record)
        value: Value | Callable[[], Value] = kept[self._place]
        if callable(value):
            value = kept[self._place] = value()
        return value

    def __set__(self, record: object, value: Value | Callable[[], Value]) -> None:
        """Take the value, or what makes it."""
        vars(record)[self._place] = value
