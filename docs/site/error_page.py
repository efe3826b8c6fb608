"""The exceptions as a table: what the person in front of one must do, and the exit code."""

from __future__ import annotations

import inspect

from wording import prose, table

from framework import errors as module
from framework.errors import OnetapeError


def errors() -> str:
    """A row for each exception, below the one it derives from."""
    kinds = [one for one in vars(module).values() if inspect.isclass(one) and issubclass(one, OnetapeError)]
    rows = [(f"`{one.__name__}`", f"`{one.__bases__[0].__name__}`", str(one.exit_code), _says(one)) for one in kinds]
    return table(("exception", "is a", "exit code", "says"), rows)


def _says(kind: type) -> str:
    return prose(" ".join(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].split()))
