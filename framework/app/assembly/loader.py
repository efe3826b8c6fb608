"""From "module:ClassName" to a strategy ready to run."""

from __future__ import annotations

import difflib
import importlib
import sys
import traceback
from contextlib import contextmanager
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from framework.app.assembly.callbacks import check_callbacks
from framework.app.assembly.hosting import is_backtrader
from framework.engine.strategy import Strategy
from framework.errors import ConfigError, OnetapeError, StrategyError, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def load_strategy(
    place: str, params: Mapping[str, object], beside: Path, cerebro: str | None = None, kind: type[object] | None = None
) -> Strategy:
    """Import the class at ``place`` and bind ``params``; modules are looked for in ``beside``, the current folder, then as installed.

    ``kind`` is the class itself, where the caller has it. A plain ``bt.Strategy`` is taken too; the function at ``cerebro`` sets up its
    Cerebro.

    Raises:
        StrategyError: No such module, class or function, it does not import, or it is no strategy.
        ConfigError: A parameter is unknown or of the wrong type, or ``cerebro`` is given for a strategy that has none.
    """
    found = _class_at(place, beside) if kind is None else kind
    if is_backtrader(found):
        from brokers.backtrader.guest import guest

        return guest(found, params, None if cerebro is None else _function(cerebro, beside))
    if not issubclass(found, Strategy):
        raise StrategyError(f"strategy = {found.__name__}: it is no subclass of framework.Strategy or bt.Strategy")
    if cerebro is not None:
        raise ConfigError(f"[strategy] cerebro = {cerebro!r} sets up a bt.Strategy, and {place} is none; remove the key")
    strategy = _made(found, params, place)
    check_callbacks(found, place)
    return strategy


def _made(kind: type[Strategy], params: Mapping[str, object], place: str) -> Strategy:
    try:
        return kind(**params)
    except OnetapeError:
        raise
    except Exception as error:  # an __init__ is the user's code
        remedy = "an __init__ of its own is written def __init__(self, **params), and begins with super().__init__(**params)"
        raise StrategyError(f"[strategy] class = {place!r}: {kind.__name__} cannot be made: {_described(error)}; {remedy}") from error


def _class_at(place: str, beside: Path) -> type[object]:
    where, class_name = f"[strategy] class = {place!r}", place.partition(":")[2]
    module = _module(place, where, beside)
    found: object = getattr(module, class_name, None)
    if isinstance(found, type) and _is_strategy(found):
        return found
    classes = [name for name, value in vars(module).items() if _is_strategy(value) and value.__module__ == module.__name__]
    near = difflib.get_close_matches(class_name, classes, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"strategies there: {', '.join(classes) or 'none'}"
    problem = "is no subclass of framework.Strategy or bt.Strategy" if isinstance(found, type) else "does not exist"
    raise StrategyError(f"{where}: class {class_name} {problem} in {module.__name__}; {hint}")


def _is_strategy(value: object) -> bool:
    return isinstance(value, type) and (issubclass(value, Strategy) or is_backtrader(value))


def _function(place: str, beside: Path) -> Callable[..., object]:
    where, name = f"[strategy] cerebro = {place!r}", place.partition(":")[2]
    found: object = getattr(_module(place, where, beside), name, None)
    if not callable(found):
        raise StrategyError(f"{where}: there is no function {name} in it; write def {name}(cerebro, feeds)")
    return found


def _module(place: str, where: str, beside: Path) -> ModuleType:
    name = place.partition(":")[0]
    with _searched(beside, Path.cwd()):
        _forget_namesake(name)
        return _imported(name, where, beside)


@contextmanager
def _searched(*folders: Path) -> Iterator[None]:
    before = sys.path.copy()
    sys.path[:0] = [str(folder) for folder in folders]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def _forget_namesake(name: str) -> None:
    """Drop a loaded module that is not the one to be found now: two projects in one process may both have a my_strategy.py."""
    top = name.partition(".")[0]
    loaded, found = getattr(sys.modules.get(top), "__spec__", None), PathFinder.find_spec(top)
    if loaded is not None and found is not None and _home(loaded) != _home(found):
        for other in [other for other in sys.modules if other.partition(".")[0] == top]:
            del sys.modules[other]


def _home(spec: ModuleSpec) -> tuple[str | None, list[str]]:
    return spec.origin, [*(spec.submodule_search_locations or ())]


def _imported(name: str, where: str, beside: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise StrategyError(
                f"{where}: there is no module {name!r}{_near(name, beside)}; looked in {beside}, the current folder "
                "and in the installed packages; write the file's name without .py"
            ) from None
        remedy = "write `from framework import ...`" if error.name == "onetape" else "install it, or mend the name"
        raise StrategyError(f"{where}: {name} needs the module {error.name!r}, which is not installed; {remedy}") from None
    except (Exception, SystemExit) as error:  # importing runs the user's code, which may raise anything
        raise StrategyError(f"{where}: {name} cannot be imported: {_described(error)}") from error


def _near(name: str, beside: Path) -> str:
    if name.endswith(".py"):
        return f"; did you mean {name.removesuffix('.py')!r}?"
    package, _, last = name.rpartition(".")
    file = beside.joinpath(*name.split(".")).with_suffix(".py")
    if file.is_file():
        return f"; {file} is there, but an installed package goes before it: make an empty {file.parent.name}/__init__.py"
    folders = [Path(folder) for folder in getattr(sys.modules.get(package), "__path__", ())] if package else [beside, Path.cwd()]
    close = difflib.get_close_matches(last, sorted({file.stem for folder in folders for file in folder.glob("*.py")}), 1)
    return f"; did you mean {f'{package}.{close[0]}'.lstrip('.')!r}?" if close else ""


def _described(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    if isinstance(error, SyntaxError):
        place = f" ({error.filename}:{error.lineno})" if error.lineno else ""
        return f"{type(error).__name__}: {error.msg}{place}"
    return f"{words_of(error)} ({frame.filename}:{frame.lineno})"
