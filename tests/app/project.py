"""Small projects as a user would have them: a config, a strategy, bars; and the command run on them."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import tomli_w
from bokeh_sampledata.stocks import IBM
from typer.testing import CliRunner

from framework.app.commands.cli import app

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ONETAPE = Path(sys.executable).with_name("onetape")
COLUMNS = ("date", "open", "high", "low", "close", "volume")
#: 60 real sessions of IBM from 2012-01-03 on, without split, dividend on 2012-02-08 left out.
ROWS = tuple(zip(*(IBM[name][IBM["date"].index("2012-01-03") :][:60] for name in COLUMNS), strict=True))

Files = dict[str, str | bytes]


def tree(**sections: object) -> dict[str, object]:
    """A sound config of half a year of the sample; a dict changes keys of its section, ``None`` takes a key or section out."""
    base: dict[str, object] = {
        "mode": "backtest",
        "strategy": {"class": "strategies.sma_cross:SmaCross", "params": {"fast": 5, "slow": 20}},
        "universe": {"symbols": ["AAPL", "IBM"]},
        "data": {"source": "sample", "start": date(2006, 1, 3), "end": date(2006, 6, 30)},
    }
    for name, value in sections.items():
        known = base.get(name)
        merged = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
        base[name] = {key: one for key, one in merged.items() if one is not None} if isinstance(merged, dict) else merged
    return {name: value for name, value in base.items() if value is not None}


def config(**sections: object) -> Files:
    """``tree`` as onetape.toml."""
    return {"onetape.toml": tomli_w.dumps(tree(**sections))}


def strategy(body: str, kind: str = "Strategy", **sections: object) -> Files:
    """A project whose strategy has ``body``: what stands inside the class."""
    head = "import numpy as np\nfrom framework import SignalStrategy, Strategy\n\n\n"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return {"mine.py": f"{head}class Mine({kind}):\n{lines}", **config(strategy={"class": "mine:Mine", "params": None}, **sections)}


def on_bar(statement: str) -> Files:
    """A project whose strategy does one thing at every bar, on line 7 of mine.py."""
    return strategy(f"def on_bar(self, ctx):\n    {statement}")


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    """Rows as the text of a CSV file."""
    return "\n".join(["timestamp,open,high,low,close,volume", *(",".join(map(str, row)) for row in rows), ""])


def bars(content: str | bytes | Sequence[Sequence[object]], **data: object) -> Files:
    """A project that reads bars/IBM.csv with ``content``."""
    text = content if isinstance(content, (str, bytes)) else csv_text(content)
    settings = {"source": "csv", "path": "bars", "start": None, "end": None, **data}
    params = {"params": {"fast": 2, "slow": 5}}
    return {"bars/IBM.csv": text, **config(strategy=params, universe={"symbols": ["IBM"]}, data=settings)}


def changed(row: int, **values: object) -> list[tuple[object, ...]]:
    """The real rows with some values of one row replaced (``row`` counts from 0; it is line ``row + 2`` of the file)."""
    new = dict(zip(COLUMNS, ROWS[row], strict=True)) | values
    return [*ROWS[:row], tuple(new.values()), *ROWS[row + 1 :]]


def write(files: Mapping[str, str | bytes], folder: Path) -> Path:
    """Write the files of a project; returns the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


class Done(NamedTuple):
    """What a command left: exit code and both streams."""

    code: int
    out: str
    err: str


def call(*arguments: str) -> Done:
    """The command in this process."""
    result = CliRunner().invoke(app, list(arguments))
    return Done(result.exit_code, result.stdout, result.stderr)


def process(*arguments: str, folder: Path) -> Done:
    """The installed command as a process of its own."""
    done = subprocess.run(
        [ONETAPE, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60
    )
    return Done(done.returncode, done.stdout, done.stderr)
