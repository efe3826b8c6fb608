"""Compiles the rules as they stand: every function that the loop calls, from the same source that serves one live decision.

Imports numba, so it is imported where a run is going to be compiled.
"""

from __future__ import annotations

import hashlib
import inspect
from types import FunctionType
from typing import TYPE_CHECKING, Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

from framework.compiled.loop import play

if TYPE_CHECKING:
    from collections.abc import Iterator


def called(function: FunctionType) -> Iterator[tuple[str, FunctionType]]:
    """The plain functions that ``function`` calls by name."""
    for name in function.__code__.co_names:
        found = function.__globals__.get(name)
        if isinstance(found, FunctionType):
            yield name, found


def reached(function: FunctionType, found: dict[FunctionType, None] | None = None) -> dict[FunctionType, None]:
    """``function`` and all it calls, directly or not, those called first."""
    found = {} if found is None else found
    for _, other in called(function):
        if other not in found:
            reached(other, found)
    found[function] = None
    return found


def fingerprint(functions: dict[FunctionType, None]) -> str:
    """What the machine code is made of: the source of all functions, and of the modules that name their constants."""
    modules = sorted({function.__module__ for function in functions})
    sources = [inspect.getsource(inspect.getmodule(function) or function) for function in functions]
    return hashlib.sha256("\n".join([*modules, *sorted(set(sources))]).encode()).hexdigest()


class SourceCache(FunctionCache):
    """numba's cache on disk, valid for one state of all functions; by itself it looks at the file of the outermost one only."""

    def __init__(self, function: FunctionType, stamp: str) -> None:
        super().__init__(function)
        self._cache_file = IndexDataCacheFile(self._cache_path, self._impl.filename_base, stamp)


def compiled(function: FunctionType) -> Any:
    """``function`` with everything it calls as one piece of machine code, cached beside its module."""
    functions = reached(function)
    made: dict[FunctionType, Any] = {}
    for one in functions:
        names = {**one.__globals__, **{name: made[other] for name, other in called(one)}}
        clone = FunctionType(one.__code__, names, one.__name__, one.__defaults__, one.__closure__)
        clone.__module__, clone.__qualname__ = one.__module__, one.__qualname__
        made[one] = njit(nogil=True)(clone)
    kernel = made[function]
    kernel._cache = SourceCache(function, fingerprint(functions))  # noqa: SLF001 - numba offers no other way to name what it depends on
    return kernel


KERNEL = compiled(play)
