"""The project's own source as the architecture tests read it: files, syntax trees and what breaks a house rule."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("framework", "strategies", "brokers", "data")


@dataclass(frozen=True)
class Source:
    """One Python file: its path inside the repository, its text and its tree."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the four packages."""
    files = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in files)


@cache
def repository_files() -> tuple[Path, ...]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones included."""
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def full_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, everything included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def code_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The same without the docstring."""
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return full_length(function) - ((first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0)


def calls_of(source: Source, name: str) -> list[str]:
    """Where ``name(...)`` or ``anything.name(...)`` is called, as ``path:line``."""
    return [
        f"{source.path}:{node.lineno}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and name in {getattr(node.func, "id", None), getattr(node.func, "attr", None)}
    ]


def attribute_writes(source: Source, names: frozenset[str]) -> list[str]:
    """Where ``anything.name = ...``, ``+=``, ``del`` or ``setattr`` with that name stands, as ``path:line name``."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and node.attr in names:
            found.append(f"{source.path}:{node.lineno} {node.attr}")
        elif isinstance(node, ast.Call) and _callee(node) in {"setattr", "__setattr__"}:
            found += [
                f"{source.path}:{node.lineno} {argument.value}"
                for argument in node.args
                if isinstance(argument, ast.Constant) and argument.value in names
            ]
    return found


MUTABLE_LITERALS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_MAKERS = frozenset({"list", "dict", "set", "bytearray", "deque", "defaultdict", "OrderedDict", "Counter", "array"})


def mutable_globals(source: Source) -> list[str]:
    """Module-level names bound to something that can change; ``__all__`` is exempt."""
    found = []
    for node in source.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        names = [ast.unparse(target) for target in targets]
        if names and names != ["__all__"] and _is_mutable(node.value):
            found.append(f"{source.path}:{node.lineno} {names[0]}")
    found += [f"{source.path}:{node.lineno} global" for node in ast.walk(source.tree) if isinstance(node, ast.Global)]
    return found


def unexplained_broad_excepts(source: Source) -> list[str]:
    """Every ``except Exception`` whose line carries no reason in a comment (a bare ``noqa`` is none)."""
    return [
        f"{source.path}:{node.lineno}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _explains(source.lines[node.lineno - 1])
    ]


def _callee(call: ast.Call) -> str | None:
    return getattr(call.func, "id", None) or getattr(call.func, "attr", None)


def _is_mutable(value: ast.expr | None) -> bool:
    return isinstance(value, MUTABLE_LITERALS) or (isinstance(value, ast.Call) and _callee(value) in MUTABLE_MAKERS)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in caught)


def _explains(line: str) -> bool:
    comment = line.partition("#")[2]
    words = [word for word in comment.replace("#", " ").split() if word.isalpha() and word != "noqa"]
    return len(words) >= 3
