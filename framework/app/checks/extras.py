"""Packages that only some commands need: which extra of onetape brings which."""

from __future__ import annotations

import re
from importlib import metadata
from types import MappingProxyType

#: Modules that are not called like the package that brings them.
_OTHER_NAMES = MappingProxyType({"sklearn": "scikit-learn", "talib": "ta-lib", "yaml": "pyyaml"})
_REQUIREMENT = re.compile(r"(?P<package>[\w.-]+).*extra == [\"'](?P<extra>\w+)[\"']")
#: For those who work on onetape, not with it.
_OURS = frozenset({"dev"})


def extras() -> dict[str, list[str]]:
    """The packages of each extra, those of ours left out."""
    found: dict[str, list[str]] = {}
    for line in metadata.requires("onetape") or ():
        match = _REQUIREMENT.match(line)
        if match and match["extra"] not in _OURS and match["package"] != "onetape":
            found.setdefault(match["extra"], []).append(match["package"])
    return found


def remedy_for(module: str) -> str:
    """What to type when ``module`` is not installed; empty when no extra brings it."""
    top = module.partition(".")[0]
    wanted = _plain(_OTHER_NAMES.get(top, top))
    extra = next((extra for extra, packages in extras().items() if wanted in map(_plain, packages)), "")
    return f'pip install "onetape[{extra}]"' if extra else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
