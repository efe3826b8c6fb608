"""Pages: one HTML file each that opens offline, asks nothing of any server and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from framework.report.palette import DARK, LIGHT, css_variables

FOLDER = Path(__file__).parent / "pages"

#: TradingView's charts, as its authors publish them: pages/lightweight-charts.NOTICE.txt.
CHARTS = "lightweight-charts-5.2.1.standalone.production.js"


def render(template: str, *scripts: str, document: object = None, **context: object) -> str:
    """The page as HTML. Every text of ``context`` is escaped.

    ``scripts`` are names of files that are put into the page in this order; ``document`` is what they draw, as JSON.
    """
    loader = jinja2.FileSystemLoader(FOLDER)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["coded"] = _coded
    theme = _file("theme.js")
    texts = [_file(name) for name in scripts]
    return environment.get_template(template).render(
        **context,
        policy=_policy([theme, *texts]),
        css=_file("page.css"),
        light=css_variables(LIGHT),
        dark=css_variables(DARK),
        theme=theme,
        scripts=texts,
        document=None if document is None else _embedded(document),
    )


def _file(name: str) -> Markup:
    return Markup((FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704 - a file of this package


def _coded(text: str) -> Markup:
    """What stands between back-ticks, as on a terminal, as code; all of it escaped."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _embedded(document: object) -> Markup:
    """JSON that cannot end the element it stands in, whatever texts are in it."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704 - no < is left


def _policy(scripts: list[Markup]) -> str:
    """What a browser allows the page: its own scripts by their hashes, styles within it; no address at all."""
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts]
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {' '.join(hashes)}; base-uri 'none'; form-action 'none'"
    )
