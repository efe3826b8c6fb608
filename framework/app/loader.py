"""From "module:ClassName" to a strategy ready to run."""

from __future__ import annotations

import difflib
import importlib
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from framework.engine.strategy import Strategy
from framework.errors import StrategyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType


def load_strategy(place: str, params: Mapping[str, object], beside: Path) -> Strategy:
    """Import the class at ``place`` and bind ``params``; modules in the folder ``beside`` are found first.

    Raises:
        StrategyError: No such module or class, it does not import, or it is no strategy.
        ConfigError: A parameter is unknown or of the wrong type.
    """
    module_name, class_name = place.split(":")
    with _searched(beside):
        module = _imported(module_name, place, beside)
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        classes = [
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, Strategy) and value.__module__ == module.__name__
        ]
        near = difflib.get_close_matches(class_name, classes, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"strategies there: {', '.join(classes) or 'none'}"
        problem = "is no subclass of framework.Strategy" if isinstance(found, type) else "does not exist"
        raise StrategyError(f"[strategy] class = {place!r}: class {class_name} {problem} in {module_name}; {hint}")
    return found(**params)


@contextmanager
def _searched(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _imported(name: str, place: str, beside: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise StrategyError(
                f"[strategy] class = {place!r}: there is no module {name!r}; looked in {beside} and in the installed packages"
            ) from None
        raise StrategyError(f"[strategy] class = {place!r}: {name} needs the module {error.name!r}, which is not installed") from None
    except Exception as error:  # importing runs the user's code, which may raise anything
        frame = traceback.extract_tb(error.__traceback__)[-1]
        line = error.lineno if isinstance(error, SyntaxError) else frame.lineno
        file = error.filename if isinstance(error, SyntaxError) else frame.filename
        raise StrategyError(
            f"[strategy] class = {place!r}: {name} cannot be imported: {type(error).__name__}: {error} ({file}:{line})"
        ) from error
