"""Orders that a strategy was handed before they were made: nobody knows more of one than that it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsIndex

from framework.domain.order import Order
from framework.errors import InvariantError

if TYPE_CHECKING:
    from collections.abc import Callable


def promising(reveal: Callable[[], None]) -> Callable[[], Order]:
    """A maker of orders without any field; the first look at one calls ``reveal``, which has to make it what it became (``become``)."""

    class Promised(Order):
        """An order nobody has looked at."""

        __slots__ = ()

        def __getattr__(self, name: str) -> object:
            """Ask what became of it; a field that is not set is looked for here."""
            return getattr(self._looked_at(name), name)

        def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[object, ...]:
            """Be copied, or written down, as what it became."""
            return self._looked_at("all of it").__reduce_ex__(protocol)

        def _looked_at(self, what: str) -> Order:
            reveal()
            if type(self) is Promised:
                raise InvariantError(f"an order was promised, and nobody knows what became of it: {what}")
            return self

    Promised.__name__, Promised.__qualname__ = Order.__name__, Order.__qualname__  # whoever prints one sees an order
    return lambda: Order.__new__(Promised)


def become(promised: Order, order: Order) -> Order:
    """Make ``promised`` what ``order`` is; returns the first."""
    for name in Order.__slots__:
        setattr(promised, name, getattr(order, name))
    promised.__class__ = Order
    return promised
