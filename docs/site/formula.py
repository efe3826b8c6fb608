"""Formulas: a ``math`` block becomes a picture that is part of the page, drawn by matplotlib; no script, nothing to fetch."""

from __future__ import annotations

import html
import re
from hashlib import sha256
from io import BytesIO

from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image

#: Drawn in this color and size; shown in those of the text, a little larger.
_INK, _POINTS, _LARGER = "#123456", 12.0, 1.15
_BLOCK = re.compile(r"^```math\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)


def drawn(markdown: str) -> str:
    """``markdown`` with its ``math`` blocks as pictures, a line of the block each."""
    return _BLOCK.sub(lambda match: "\n".join(_picture(line) for line in match["lines"].splitlines() if line.strip()), markdown)


def _picture(formula: str) -> str:
    """The formula in the size and color of the text around it; a screen reader reads its source."""
    buffer = BytesIO()
    with rc_context({"mathtext.fontset": "cm", "svg.fonttype": "path", "svg.hashsalt": "onetape"}):
        math_to_image(f"${formula}$", buffer, prop=FontProperties(size=_POINTS), dpi=72, format="svg", color=_INK)
    text = buffer.getvalue().decode()
    svg = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'\b(width|height)="([\d.]+)pt"', lambda size: f'{size[1]}="{float(size[2]) / _POINTS * _LARGER:.3f}em"', svg, count=2)
    # Glyphs are defined once a picture: two pictures of a page must not share their names.
    prefix = f"f{sha256(formula.encode()).hexdigest()[:8]}-"
    svg = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{prefix}", svg).replace(_INK, "currentColor")
    return f'<div class="formula" role="img" aria-label="{html.escape(formula)}">{" ".join(svg.split())}</div>'
