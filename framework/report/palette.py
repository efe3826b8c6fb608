"""The colors of the pages and their pictures, light and dark: one name, two values."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: ``gain`` and ``loss`` are Okabe and Ito's blue and vermilion, told apart with any common color blindness; the ``-text`` ones are
#: dark (or light) enough to be read. ``one`` to ``six`` are the curves of runs laid over one another.
LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "page": "#f6f7f9",
        "card": "#ffffff",
        "ink": "#1f2328",
        "muted": "#59636e",
        "line": "#e3e6ea",
        "edge": "#868e98",
        "gain": "#0072b2",
        "gain-text": "#0068a3",
        "loss": "#d55e00",
        "loss-text": "#ac4a00",
        "held": "#7d858f",
        "accent": "#0068a3",
        "warn": "#fff6e0",
        "warn-line": "#e0b040",
        "one": "#0072b2",
        "two": "#d55e00",
        "three": "#00845e",
        "four": "#b0527f",
        "five": "#86740c",
        "six": "#5c5c5c",
    }
)
DARK: Mapping[str, str] = MappingProxyType(
    {
        "page": "#15181d",
        "card": "#1d2127",
        "ink": "#e6e9ee",
        "muted": "#9aa4b0",
        "line": "#2f353e",
        "edge": "#69727d",
        "gain": "#46a0e1",
        "gain-text": "#6cb6ec",
        "loss": "#eb7d32",
        "loss-text": "#f2995c",
        "held": "#8b949e",
        "accent": "#6cb6ec",
        "warn": "#33290f",
        "warn-line": "#8a6d1f",
        "one": "#56b4e9",
        "two": "#eb7d32",
        "three": "#2bb78c",
        "four": "#d98ab3",
        "five": "#d6c046",
        "six": "#b4b4b4",
    }
)
#: The curves of runs laid over one another, in this order.
CURVES = ("one", "two", "three", "four", "five", "six")

#: Colors in which pictures are drawn, and the name under which a page may change them.
_DRAWN: Mapping[str, str] = MappingProxyType(
    {
        "#0072b2": "gain",
        "#d55e00": "loss",
        "#8a8f98": "held",
        "#24292f": "ink",
        "#6e7781": "muted",
        "#e6e8eb": "line",
        "#ffffff": "card",
        **{LIGHT[name]: name for name in CURVES[2:]},
    }
)


def css_variables(theme: Mapping[str, str]) -> str:
    """The colors as CSS declarations; of gain and loss the three numbers, too, for shades of them."""
    shades = {f"{name}-rgb": " ".join(str(int(theme[name][at : at + 2], 16)) for at in (1, 3, 5)) for name in ("gain", "loss", "held")}
    return " ".join(f"--{name}: {value};" for name, value in {**theme, **shades}.items())


def follow_theme(svg: str) -> str:
    """An SVG whose colors are those of the page it stands in."""
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: f"var(--{_DRAWN[found[0]]})" if found[0] in _DRAWN else found[0], svg)
