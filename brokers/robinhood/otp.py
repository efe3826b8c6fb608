"""One-time passwords through pyotp."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from framework.domain.secret import Secret

STEP_SECONDS = 30
_LEAST_BYTES = 20


def code_at(secret: Secret, seconds: int) -> str:
    """The six digits of an authenticator app at ``seconds`` since 1970.

    Robinhood's secrets have 80 bits, which pyotp 2.12 refuses. HMAC fills its key with zeros up to a block, so that a key with zeros
    behind it gives the same codes.

    Raises:
        ConfigError: The secret is no base32.
    """
    import pyotp

    text = "".join(secret.reveal().split()).replace("-", "").upper()
    try:
        key = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise ConfigError(f"{secret.name} is no base32 secret: letters A to Z and digits 2 to 7, as the app showed it") from None
    if not key:
        raise ConfigError(f"{secret.name} is empty")
    return pyotp.TOTP(base64.b32encode(key.ljust(_LEAST_BYTES, b"\0")).decode()).at(seconds)
