"""A text that must not be shown: it has to be asked for by name, and nothing prints, copies or stores it by accident."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A password, token or key; ``reveal()`` is the only way to its text.

    Args:
        name: What it is, for messages.
        text: The secret itself.
    """

    __slots__ = ("_text", "name")

    def __init__(self, name: str, text: str) -> None:
        self.name, self._text = name, text

    def reveal(self) -> str:
        """The text, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        return f"<{self.name}: hidden>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self.name} is a secret and cannot be pickled or copied")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((self.name, self._text))
