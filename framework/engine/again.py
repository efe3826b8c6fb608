"""How often is a protective order placed again that somebody else cancels? A person who goes on canceling it means it."""

from __future__ import annotations

#: Times a session and symbol.
MOST_AGAIN = 3


class Again:
    """Counts, session by session, and remembers what was left unguarded."""

    def __init__(self) -> None:
        self._session = 0
        self._counts: dict[str, int] = {}
        self._left: dict[str, None] = {}

    def may(self, symbol: str, session: int, *, wanted: bool) -> bool:
        """Whether a protective order of ``symbol`` may be placed again now, if that is ``wanted``; that it is asked counts.

        One that is not wanted, because the shares there are others, is nobody's to place again: its price may be one of before a split.
        """
        if session != self._session:
            self._session, self._counts = session, {}
        self._counts[symbol] = self._counts.get(symbol, 0) + 1
        if wanted and self._counts[symbol] <= MOST_AGAIN:
            return True
        if wanted:
            self.left(symbol)
        return False

    def left(self, symbol: str) -> None:
        """``symbol`` stays unguarded until a person says otherwise."""
        self._left[symbol] = None

    def forgotten(self) -> list[str]:
        """Begin anew; the symbols that were left unguarded."""
        left, self._left, self._counts = list(self._left), {}, {}
        return left
