"""One-time passwords by RFC 6238, written out here so that the double and a client under test share nothing."""

from __future__ import annotations

import hmac
from base64 import b32decode
from hashlib import sha1

STEP = 30


def code_at(secret: str, seconds: int) -> str:
    """The six digits for ``secret`` (base32) at ``seconds`` since 1970."""
    text = secret.replace(" ", "").upper()
    key = b32decode(text + "=" * (-len(text) % 8))
    digest = hmac.new(key, (seconds // STEP).to_bytes(8, "big"), sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def is_code(secret: str, given: str, seconds: int) -> bool:
    """Whether ``given`` is the code of now, of the step before or of the next."""
    return any(hmac.compare_digest(code_at(secret, seconds + step), given) for step in (-STEP, 0, STEP))
