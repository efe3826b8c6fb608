"""Many ways to write one text: a canonical form of all of them, and where in the original a part of it stands."""

from __future__ import annotations

import base64
import html
import json
import re
from bisect import bisect_right
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Line breaks, escaped any number of times; characters as URLs, JSON, literals and HTML write them.
_BREAK = re.compile(r"(?<!\\)\\++(?:r\\++)?n|\r\n?|\n")
_ESCAPED = re.compile(r"(?:%[0-9a-f]{2})+|(?<!\\)\\++(?:u000[0-9a-f]{5}|u[0-9a-f]{4}|x[0-9a-f]{2})|&(?:#x?[0-9a-f]{1,6}|[a-z]{2,6});")
_BACKSLASHES = re.compile(r"\\+")
_ANY = re.compile(r"[\\%&\r\n]")
#: What base64 and forms write for one another.
_SAME = MappingProxyType(str.maketrans({"+": " ", "-": " ", "_": "/"}))
#: Texts escaped more often than this are not read to the end.
_DEPTH = 4


class _Edit(NamedTuple):
    """A part of a text that was replaced: where it stood, and where its replacement stands."""

    start: int
    end: int
    new_start: int
    new_end: int


class Canonical(NamedTuple):
    """A text in canonical form, and the steps that led there."""

    text: str
    steps: tuple[tuple[_Edit, ...], ...]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]`` stands in the original."""
        for edits in reversed(self.steps):
            start, end = _before(edits, start, is_end=False), _before(edits, end - 1, is_end=True)
        return start, end


def canonical(text: str) -> Canonical:
    """``text`` without line breaks, escapes, backslashes and capitals."""
    text = lowered(text).translate(_SAME)
    if not _ANY.search(text):
        return Canonical(text, ())
    steps: list[tuple[_Edit, ...]] = []
    for _ in range(_DEPTH):
        before = text
        text = _step(_BREAK, lambda _: "", text, steps)
        text = _step(_ESCAPED, _meant, text, steps)
        if text == before:
            break
    text = _step(_BACKSLASHES, lambda _: "", text, steps)
    return Canonical(text, tuple(steps))


def lowered(text: str) -> str:
    """``text`` in lower case, character by character, so that each keeps its place."""
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def encodings(text: str) -> Iterator[str]:
    """``text`` in the usual encodings, in lower case."""
    raw = text.encode("utf-8", "surrogatepass")
    plain = (text, text.lower(), text[::-1], html.escape(text), html.escape(text, quote=False), repr(text)[1:-1])
    in_json = (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    in_url = (quote(raw, safe=""), quote(raw), quote_plus(raw))
    for form in (*plain, *in_json, *in_url, json.dumps(in_json[0])[1:-1], raw.hex()):
        yield lowered(form)


def canonical_forms(text: str) -> Iterator[str]:
    """What the canonical form of a longer text holds if it holds ``text``, in whichever encoding."""
    raw = text.encode("utf-8", "surrogatepass")
    for form in (text, text.lower(), text[::-1], raw.hex()):
        yield canonical(form).text
    for shift in range(3):
        yield canonical(_base64_inside(raw, shift)).text


def _base64_inside(raw: bytes, shift: int) -> str:
    """What is surely in the base64 of a longer text that holds ``raw`` after a multiple of 3 bytes and ``shift`` more."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
    whole = (shift + len(raw)) * 8 // 6
    return encoded[(shift * 8 + 5) // 6 : whole]


def _step(pattern: re.Pattern[str], meant: Callable[[re.Match[str]], str], text: str, steps: list[tuple[_Edit, ...]]) -> str:
    """``text`` with what ``pattern`` finds replaced by what it means; the edits go to ``steps``."""
    edits, pieces, last, length = [], [], 0, 0
    for match in pattern.finditer(text):
        new = meant(match)
        length += match.start() - last
        edits.append(_Edit(match.start(), match.end(), length, length + len(new)))
        pieces += [text[last : match.start()], new]
        last, length = match.end(), length + len(new)
    if edits:
        steps.append(tuple(edits))
    return "".join((*pieces, text[last:]))


def _before(edits: tuple[_Edit, ...], place: int, *, is_end: bool) -> int:
    """The place in the text before ``edits`` of the character at ``place`` after them: where it starts, or where it ends."""
    number = bisect_right(edits, place, key=lambda edit: edit.new_end)
    if number < len(edits) and edits[number].new_start <= place:
        return edits[number].end if is_end else edits[number].start
    last = edits[number - 1] if number else _Edit(0, 0, 0, 0)
    return last.end + place - last.new_end + is_end


def _meant(match: re.Match[str]) -> str:
    form = match[0]
    if form[0] == "%":
        character = bytes.fromhex(form.replace("%", "")).decode("utf-8", "replace")
    elif form[0] == "&":
        character = html.unescape(form)
    else:
        number = int(form.lstrip("\\")[1:], 16)
        character = chr(number) if number < 0x110000 else "?"
    return lowered(_units(character)).translate(_SAME)


def _units(text: str) -> str:
    """``text`` with characters beyond the first 65,536 as the pairs that JSON writes for them."""
    if all(character < "\U00010000" for character in text):
        return text
    raw = text.encode("utf-16-be", "surrogatepass")
    return "".join(chr(high << 8 | low) for high, low in list(pairwise(raw))[::2])
