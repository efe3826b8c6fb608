"""What two headers of a tape differ in, in few words: a text of many lines by the lines that differ."""

from __future__ import annotations

from difflib import SequenceMatcher

MOST = 6


def parted(name: str, on_tape: object, here: object) -> str:
    """How the field ``name`` of the tape's header and of ours part."""
    if not (isinstance(on_tape, str) and isinstance(here, str) and "\n" in on_tape + here):
        return f"{name} is {on_tape!r} on the tape, {here!r} here"
    lines, others = _lines(on_tape), _lines(here)
    blocks = [block for block in SequenceMatcher(None, lines, others, autojunk=False).get_opcodes() if block[0] != "equal"]
    gone = [line for _, start, end, _, _ in blocks for line in lines[start:end]]
    new = [line for _, _, _, start, end in blocks for line in others[start:end]]
    return f"{name} has {_told(gone)} on the tape, {_told(new)} here"


def _lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line]


def _told(lines: list[str]) -> str:
    return ", ".join(lines[:MOST]) + (f" and {len(lines) - MOST} more lines" if len(lines) > MOST else "") or "nothing"
