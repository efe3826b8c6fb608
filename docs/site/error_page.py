"""The exceptions as a table: what the person in front of one must do, and the exit code."""

from __future__ import annotations

import inspect
import re

from framework import errors as module
from framework.errors import OnetapeError


def errors() -> str:
    """A row for each exception, below the one it derives from."""
    rows = ["| exception | is a | exit code | |", "|---|---|--:|---|"]
    for one in vars(module).values():
        if inspect.isclass(one) and issubclass(one, OnetapeError):
            says = re.sub(r"``(.+?)``", r"`\1`", inspect.cleandoc(one.__doc__ or "").partition("\n\n")[0].replace("\n", " "))
            rows.append(f"| `{one.__name__}` | `{one.__bases__[0].__name__}` | {one.exit_code} | {says} |")
    return "\n".join(rows)
