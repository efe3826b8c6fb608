"""What was worked out of the bars already, for the runs over the same bars that follow: the parameters of a sweep repeat themselves."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from framework.domain.market import Floats

#: Bytes of columns that are kept; those not asked for the longest go first.
MOST_BYTES = 128 * 2**20


class Indicators:
    """Columns by what made them, read-only."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Floats] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Floats]) -> Floats:
        """The column of ``key``, which ``make`` works out when it is not here."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        made = make()
        made.flags.writeable = False
        self._kept[key] = made
        self._bytes += made.nbytes
        while self._bytes > self._most:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return made
