"""Is everything here that a run needs?"""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from framework.errors import OnetapeError

if TYPE_CHECKING:
    from collections.abc import Callable

_NEEDED = ("backtrader", "exchange-calendars", "jinja2", "matplotlib", "numpy", "pandas", "pydantic", "rich", "tomli-w", "typer")


class Check(NamedTuple):
    """One thing that was looked at: what, whether it is as it should be, and the finding with its remedy."""

    name: str
    passed: bool
    detail: str


def examine(config: Path) -> list[Check]:
    """Look at Python, packages, the config with its strategy and data, and the places that are written to."""
    checks = [_python(), _packages(), _extras(), _run_folder()]
    if config == Path("onetape.toml") and not config.exists():
        return [*checks, Check("config", True, f"no {config} here; `onetape init` writes one")]
    return [*checks, _config(config), _env_file(config.resolve().parent / ".env")]


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Check("python", sys.version_info >= (3, 11), f"{version} (3.11 or newer is needed)")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _packages() -> Check:
    found = {package: _version(package) for package in _NEEDED}
    missing = [package for package, version in found.items() if version is None]
    if missing:
        return Check("packages", False, f"missing: {', '.join(missing)}; pip install onetape brings them")
    return Check("packages", True, ", ".join(f"{package} {version}" for package, version in found.items()))


def _extras() -> Check:
    from framework.app.checks.extras import extras

    known = extras()
    missing = [extra for extra, packages in known.items() if not all(map(_version, packages))]
    here = ", ".join(extra for extra in known if extra not in missing) or "none"
    hint = f'; not installed: {", ".join(missing)} (pip install "onetape[NAME]" brings one)' if missing else ""
    return Check("extras", True, f"{here}{hint}")


def _run_folder() -> Check:
    from framework.app.folders.free_place import check_place

    def steps() -> str:
        check_place(None)
        return "runs/ can be written"

    return _tried("run folder", steps)


def _config(path: Path) -> Check:
    from framework.app.assembly.loader import load_strategy
    from framework.app.backtest.run import load_data
    from framework.runtime.loading import load_config

    def steps() -> str:
        config = load_config(path)
        load_strategy(config.strategy.path, config.strategy.params, path.resolve().parent, config.strategy.cerebro)
        dataset = load_data(config, None)
        bars = sum(len(one) for one in dataset.series.values())
        return f"{path} is valid; {config.strategy.path} loads; {bars:,} bars of {len(dataset.series)} symbols pass every check"

    return _tried("config", steps)


def _tried(name: str, steps: Callable[[], str]) -> Check:
    try:
        return Check(name, True, steps())
    except OnetapeError as error:
        return Check(name, False, str(error))


def _env_file(path: Path) -> Check:
    if not path.exists():
        return Check(".env", True, "none (secrets come from the environment, .env or the keyring)")
    shared = os.name == "posix" and path.stat().st_mode & 0o077
    return Check(".env", not shared, "others on this machine can read it: chmod 600 .env" if shared else "only you can read it")
