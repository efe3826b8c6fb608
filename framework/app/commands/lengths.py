"""Lengths of time as they are typed: 90s, 30m, 2h."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from framework.errors import ConfigError

ForOption = Annotated[str | None, typer.Option("--for", metavar="TIME", help="Stop after so long: 90s, 30m, 2h.")]
_LENGTH = re.compile(r"([1-9]\d{0,5})([smh])")
_UNITS = (("s", 1), ("m", 60), ("h", 3_600))


def length_of(text: str | None) -> int | None:
    """``2h`` as ns; ``None`` stays none.

    Raises:
        ConfigError: It is no length of time.
    """
    if text is None:
        return None
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"--for {text!r} is no length of time; write 90s, 30m or 2h")
    return int(found[1]) * dict(_UNITS)[found[2]] * 1_000_000_000
