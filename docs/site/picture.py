"""Drawings (SVG) become part of their page, so that they take its colors."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DRAWING = re.compile(r"^!\[(?P<says>[^\]]*)\]\((?P<path>[^)\s]+\.svg)\)$", re.MULTILINE)


def inlined(markdown: str, page: Path) -> str:
    """``markdown`` of the document ``page`` with its drawings instead of links to them."""

    def svg(match: re.Match[str]) -> str:
        text = (page.parent / match["path"]).read_text(encoding="utf-8")
        lines = " ".join(text[text.index("<svg") :].split())
        return f'<div class="drawing" role="img" aria-label="{html.escape(match["says"])}">{lines}</div>'

    return _DRAWING.sub(svg, markdown)
