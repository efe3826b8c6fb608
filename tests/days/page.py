"""The table of the page about evil days, made of theirs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("evil_days.toml")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "evil_days.md"
MODES = ("paper", "live")
HEAD = "| day | what happens | on paper | live |\n|---|---|---|---|\n"


def rows() -> list[dict[str, Any]]:
    """The rows of the table."""
    return list(tomllib.loads(TABLE.read_text(encoding="utf-8"))["day"])


def page_table() -> str:
    """It, in Markdown."""
    known = rows()
    usual = known[0]
    return HEAD + "".join(f"| {row['name']} | {row['what']} | {' | '.join(_cell(row, usual, mode) for mode in MODES)} |\n" for row in known)


def _cell(row: dict[str, Any], usual: dict[str, Any], mode: str) -> str:
    if mode not in row:
        return "no order leaves"
    told = row[mode]
    if row is not usual and {**told, "ends": [], "alerts": []} == {**usual[mode], "ends": [], "alerts": []}:
        parts = ["as on an ordinary day"]
    else:
        held = ", ".join(f"{count} {symbol}" for symbol, count in told["held"].items()) or "nothing"
        parts = [f"{told['decisions']} decisions, {told['fills']} fills, {told['state']}; holds {held}"]
        parts += [f"works: {', '.join(told['open'])}"] if told["open"] else []
    parts += [f"told: {', '.join(told['alerts'])}"] if told["alerts"] else []
    parts += [f"process: {', '.join(told['ends'])}"] if told["ends"] != ["ended"] else []
    return "; ".join(parts)


if __name__ == "__main__":
    before, _, _ = PAGE.read_text(encoding="utf-8").partition(HEAD)
    PAGE.write_text(before + page_table(), encoding="utf-8")
