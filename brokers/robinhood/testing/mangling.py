"""Answers that are not what they should be: rows twice, in another order, missing; pages that never end; bytes nobody can read."""

from __future__ import annotations

import gzip
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from brokers.robinhood.testing.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def check(how: str) -> None:
    """Refuse a way that does not exist; no way at all is one.

    Raises:
        ValueError: There is none called ``how``.
    """
    if how and how not in {*ROWS, *BYTES, *EARLIER}:
        raise ValueError(f"mangles = {how!r}; choose one of {', '.join([*ROWS, *BYTES, *EARLIER])}")


def mangled(answer: Answer, how: str) -> Answer:
    """``answer`` changed in the way called ``how``, which is not one of ``EARLIER``."""
    if how in ROWS:
        body = json.loads(answer.body)
        return Answer.json(answer.status, ROWS[how](body))
    encoding = ENCODINGS.get(how)
    headers = {} if encoding is None else {"Content-Encoding": encoding}
    return Answer(answer.status, BYTES[how](answer.body), {**answer.headers, **headers})


def _with_rows(change: Callable[[list[Any]], list[Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {**body, "results": change(body["results"])}


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {key: value for key, value in body.items() if key != name}


#: An answer of before in place of this one: to any request of the method, or to one of the same address.
EARLIER = ("swapped", "stale")
ROWS: Mapping[str, Callable[[dict[str, Any]], Any]] = MappingProxyType(
    {
        "duplicated_rows": _with_rows(lambda rows: [*rows, *rows]),
        "reversed_rows": _with_rows(lambda rows: rows[::-1]),
        "missing_rows": _with_rows(lambda rows: rows[::2]),
        "no_rows": _with_rows(lambda _: []),
        "endless": lambda body: {**body, "next": "https://api.robinhood.com/orders/?cursor=0"},
        "foreign_next": lambda body: {**body, "next": "https://elsewhere.example.com/orders/?cursor=0"},
        "without_next": _without("next"),
        "without_id": _without("id"),
        "listed": lambda body: [body],
    }
)
BYTES: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {
        "html": lambda _: b"<html><body>We'll be back soon.</body></html>",
        "empty": lambda _: b"",
        "null": lambda _: b"null",
        "truncated": _half,
        "truncated_gzip": lambda body: _half(gzip.compress(body)),
        "gzip": gzip.compress,
        # The two characters {} as a stream of brotli, not compressed.
        "brotli": lambda _: b"\x8b\x00\x80{}\x03",
        "bad_utf8": lambda body: b'{"id": "\xff\xfe' + body[8:],
        "nan": lambda _: b'{"id": NaN, "quantity": Infinity}',
        "duplicate_keys": lambda body: body[:-1] + b', "id": "other"}',
        "deep": lambda _: b"[" * 20_000 + b"]" * 20_000,
        "large": lambda body: body[:-1] + b', "filler": "' + b"x" * 12_000_000 + b'"}',
    }
)
ENCODINGS: Mapping[str, str] = MappingProxyType({"gzip": "gzip", "truncated_gzip": "gzip", "brotli": "br"})
