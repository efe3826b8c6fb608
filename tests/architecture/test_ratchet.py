"""Sizes: files and functions stay small enough to be read at one go. The limits may be lowered, never raised."""

from __future__ import annotations

import ast
from statistics import median

from tests.architecture.source import code_length, full_length, functions, sources

MAX_FILE_LINES = 400
MAX_MEDIAN_FILE_LINES = 100
MAX_FUNCTION_LINES = 60
MAX_MEDIAN_FUNCTION_LINES = 8


def test_no_file_is_longer_than_the_ratchet():
    too_long = {source.path: len(source.lines) for source in sources() if len(source.lines) > MAX_FILE_LINES}
    assert not too_long


def test_the_median_file_is_short():
    assert median(len(source.lines) for source in sources()) < MAX_MEDIAN_FILE_LINES


def test_no_function_is_longer_than_the_ratchet():
    too_long = {
        f"{source.path}:{function.lineno} {function.name}": full_length(function)
        for source in sources()
        for function in functions(source)
        if full_length(function) > MAX_FUNCTION_LINES
    }
    assert not too_long


def test_the_median_function_is_short():
    assert median(code_length(function) for source in sources() for function in functions(source)) < MAX_MEDIAN_FUNCTION_LINES


def test_lengths_are_counted_as_the_ratchet_means_them():
    function = ast.parse('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n').body[0]
    assert isinstance(function, ast.FunctionDef)
    assert (full_length(function), code_length(function)) == (6, 2)
