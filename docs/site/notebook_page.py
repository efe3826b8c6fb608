"""The notebooks as pages: their words and their code; what it gives is seen by running them."""

from __future__ import annotations

import json


def as_markdown(text: str, path: str) -> str:
    """A notebook's ``text`` as Markdown; ``path`` is where it lies in the repository."""
    title, *rest = [one for cell in json.loads(text)["cells"] if (one := _cell(cell["cell_type"], "".join(cell["source"]).strip()))]
    return "\n\n".join([title, f"This page is the notebook `{path}`: run it there to see what each step gives.", *rest])


def _cell(kind: str, source: str) -> str:
    return f"```python\n{source}\n```" if source and kind == "code" else source
