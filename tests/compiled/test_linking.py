"""Functions of the loop become machine code together, once, and come to what they come to in Python."""

from __future__ import annotations

from numba.core.caching import NullCache

from framework.compiled.jit import compiled
from framework.compiled.linking import Inner, Part, Whole


def outer(count: int) -> int:
    total = 0
    for one in range(count):
        total += middle(one)
    return total + inner(count)


def middle(number: int) -> int:
    return inner(number) * 3 if number % 2 else 7


def inner(number: int) -> int:
    return number * number - 1


def test_what_is_compiled_in_parts_comes_to_what_python_comes_to() -> None:
    kernel, _ = compiled(outer)
    assert [kernel(count) for count in (0, 1, 2, 9)] == [outer(count) for count in (0, 1, 2, 9)]


def test_only_the_outermost_function_becomes_machine_code_and_takes_all_parts_in_once() -> None:
    kernel, _ = compiled(outer)
    kernel._cache = NullCache()
    kernel(3)
    (made,) = kernel.overloads.values()
    called = kernel.py_func.__globals__["middle"]
    parts = [next(iter(one.overloads.values())).library for one in (called, called.py_func.__globals__["inner"])]
    assert isinstance(called, Inner)
    assert isinstance(made.library, Whole)
    assert all(isinstance(one, Part) for one in parts)
    assert [made.library._linking_libraries.count(one) for one in parts] == [1, 1]
    assert all(one.get_pointer_to_function(one.name) == 0 for one in parts)
