"""No secret in any text that leaves: found as it is, and as URLs, base64, hex, JSON and wrapped lines have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.runtime.logs.spellings import canonical, canonical_forms, encodings, lowered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from framework.domain.secret import Secret

#: A shorter text would be found in places where it is none.
SHORTEST = 6
_WORD = "redacted"
#: Around the word: never a character of a secret, so that a mark is never a part of one.
_BRACKETS = ("[]", "<>", "{}", "()", "||", "~~", "^^", "**", "«»", "⟨⟩", "⟦⟧")


class Redactor:
    """Takes the secrets it knows out of texts. ``redact(redact(x)) == redact(x)``."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._plain: tuple[str, ...] = ()
        self._canonical: tuple[str, ...] = ()
        self._mark = f"[{_WORD}]"
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Know ``secret`` from now on.

        Raises:
            ConfigError: It is so short or plain that it cannot be told from other text.
        """
        text = secret.reveal()
        if len(text) < SHORTEST or len(canonical(text).text) < SHORTEST or lowered(text) in _WORD:
            raise ConfigError(f"{secret.name} is too short or too plain to be kept out of logs: it needs at least {SHORTEST} characters")
        plain = dict.fromkeys((*self._plain, *encodings(text)))
        forms = dict.fromkeys((*self._canonical, *(form for form in canonical_forms(text) if len(form) >= SHORTEST)))
        self._mark = _mark_for("".join((*plain, *forms)))
        self._plain, self._canonical = tuple(plain), tuple(forms)

    def __call__(self, text: str) -> str:
        """``text`` with a mark in place of every secret."""
        while spans := sorted(self._spans(text)):
            text = self._marked(text, spans)
        return text

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        low = lowered(text)
        for form in self._plain:
            yield from _found(form, low)
        one = canonical(text)
        for form in self._canonical:
            for start, end in _found(form, one.text):
                yield one.origin(start, end)

    def _marked(self, text: str, spans: list[tuple[int, int]]) -> str:
        pieces, last = [], 0
        for start, end in spans:
            if start >= last:
                pieces += [text[last:start], self._mark]
            last = max(last, end)
        return "".join((*pieces, text[last:]))


def _found(form: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        start = text.find(form, start + len(form))


def _mark_for(text: str) -> str:
    used = set(text)
    pair = next((pair for pair in _BRACKETS if not used & set(pair)), None)
    if pair is None:
        raise ConfigError("the secrets use every kind of bracket there is; change one of them to letters and digits")
    return f"{pair[0]}{_WORD}{pair[1]}"
