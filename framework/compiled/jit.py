"""Compiles the rules as they stand: every function that the loop calls, from the same source that serves one live decision.

Imports numba, so it is imported where a run is going to be compiled.
"""

from __future__ import annotations

import hashlib
import inspect
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import numba
from numba import extending
from numba.core import caching, cgutils, types
from numba.core.datamodel import models
from numba.core.runtime import nrtdynmod
from numba.experimental import structref
from numba.np import arrayobj

from framework.compiled.columns import World
from framework.compiled.linking import Inner, PartCompiler, WholeCompiler
from framework.compiled.loop import play
from framework.compiled.trips import closed_trips

if TYPE_CHECKING:
    from collections.abc import Iterator


@structref.register
class WorldType(types.StructRef):
    """``World`` behind one pointer: functions would take it in two hundred pieces otherwise, and take minutes to compile."""

    def preprocess_fields(self, fields: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
        """Types without the values they were seen with."""
        return tuple((name, types.unliteral(kind)) for name, kind in fields)


@extending.register_model(WorldType)
class Uncounted(models.StructModel):
    """How a ``WorldType`` lies in memory: one pointer. Counting who holds it, at each call, would take half of the loop's time."""

    def __init__(self, manager: Any, kind: Any) -> None:  # noqa: ANN401 - numba's own types
        super().__init__(manager, kind, [("meminfo", types.voidptr)])


class WorldPointer(structref.StructRefProxy):
    """What compiled code makes where the source says ``World``."""


structref.define_constructor(WorldPointer, WorldType, list(World._fields))


@extending.intrinsic
def uncounted(typing: Any, column: Any) -> Any:  # noqa: ANN401, ARG001 - numba's own types
    """What stands for ``borrowed``: an array that nobody counts the holders of, which would take longer than to use it."""

    def code(context: Any, builder: Any, _: Any, given: Any) -> Any:  # noqa: ANN401 - the same
        array = arrayobj.make_array(column)(context, builder, given[0])
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        array.parent = cgutils.get_null_value(array.parent.type)
        return array._getvalue()  # noqa: SLF001 - numba's name for it

    return column(column), code


@extending.intrinsic
def freed(typing: Any, world: Any) -> Any:  # noqa: ANN401, ARG001 - numba's own types
    """What stands for ``let_go``."""

    def code(context: Any, builder: Any, _: Any, given: Any) -> Any:  # noqa: ANN401 - the same
        pointer = cgutils.create_struct_proxy(world)(context, builder, value=given[0]).meminfo
        builder.call(cgutils.get_or_insert_function(builder.module, nrtdynmod.incref_decref_ty, "NRT_decref"), [pointer])
        return context.get_dummy_value()

    return types.none(world), code


#: What compiled code has in the place of what the source names.
STANDS_FOR = MappingProxyType({"World": WorldPointer, "borrowed": uncounted, "let_go": freed})


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
    """What the machine code is made of: the source of all modules that have a part in it, these here too."""
    modules = {inspect.getmodule(function) for function in (*functions, fingerprint, Inner)}
    sources = sorted(inspect.getsource(module) for module in modules if module is not None)
    return hashlib.sha256("\n".join([*sources, inspect.getsource(World)]).encode()).hexdigest()


class SourceCache(caching.FunctionCache):
    """numba's cache on disk, valid for one state of all functions; by itself it looks at the file of the outermost one only."""

    def __init__(self, function: FunctionType, stamp: str) -> None:
        super().__init__(function)
        self._cache_file = caching.IndexDataCacheFile(self._cache_path, self._impl.filename_base, stamp)

    @property
    def is_filled(self) -> bool:
        """Whether machine code of this state is there."""
        return bool(self._cache_file._load_index())  # noqa: SLF001 - numba has no other way to look


def compiled(function: FunctionType) -> tuple[Any, SourceCache | None]:
    """``function`` with everything it calls as one piece of machine code, cached beside its module; and its cache."""
    jit: Any = numba.njit  # its stubs do not know these options
    functions = reached(function)
    made: dict[FunctionType, Any] = {}
    for one in functions:
        names = {**one.__globals__, **{name: made[other] for name, other in called(one)}, **STANDS_FOR}
        clone = FunctionType(one.__code__, names, one.__name__, one.__defaults__, one.__closure__)
        clone.__module__, clone.__qualname__ = one.__module__, one.__qualname__
        if one is function:
            made[one] = jit(**_OPTIONS, pipeline_class=WholeCompiler)(clone)
        else:
            made[one] = Inner(clone, targetoptions={**_OPTIONS, **_INNER}, pipeline_class=PartCompiler)
    kernel = made[function]
    try:
        kernel._cache = cache = SourceCache(function, fingerprint(functions))  # noqa: SLF001 - numba has no other place for it
    except RuntimeError:  # no folder can be written: each process compiles for itself
        return kernel, None
    return kernel, cache


_OPTIONS = MappingProxyType({"nogil": True, "error_model": "numpy"})
#: Nobody calls them from Python.
_INNER = MappingProxyType({"nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True})

KERNEL, _CACHE = compiled(cast("FunctionType", play))
TRIPS, _ = compiled(cast("FunctionType", closed_trips))


def is_warm() -> bool:
    """Whether the loop has been compiled before, on this machine and from these sources."""
    return _CACHE is not None and _CACHE.is_filled
