"""One environment for each rival, made once in a folder of its own: none of them ever gets into ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Rival(NamedTuple):
    """Another engine: the folder of its environment, what is installed there, its script, and the workloads it can be put to."""

    name: str
    requirements: tuple[str, ...]
    script: str
    workloads: frozenset[str]


RIVALS = (
    Rival("vectorbt", ("vectorbt==1.2.0", "vectorbt-rust==1.2.0"), "vectorbt_arrays.py", frozenset({"w1", "w2", "w3", "w4", "w5"})),
    Rival("backtesting", ("backtesting==0.6.6",), "backtesting_py.py", frozenset({"w1", "w4", "w5"})),
    Rival("bt", ("bt==1.4.1",), "bt_tree.py", frozenset({"w1", "w2", "w4"})),
    Rival("nautilus_trader", ("nautilus_trader==1.221.0", "pandas==2.3.3", "pyarrow"), "nautilus.py", frozenset({"w1", "w4", "w5"})),
    Rival("backtrader", ("backtrader==1.9.78.123", "pandas"), "backtrader_loop.py", frozenset({"w1", "w2", "w4", "w5"})),
)


def cache_folder() -> Path:
    """Where data and environments are kept: ``ONETAPE_BENCH``, else a folder of the user's cache."""
    return Path(os.environ.get("ONETAPE_BENCH") or Path.home() / ".cache" / "onetape-bench")


def python_of(rival: Rival, folder: Path) -> Path | None:
    """The Python of the rival's environment below ``folder``, made if need be; ``None``, and a word on stderr, where that fails."""
    place, wanted = folder / rival.name, " ".join(rival.requirements)
    python, stamp = place / "bin" / "python", place / "installed.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    print(f"installing {wanted} (once) ...", file=sys.stderr, flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", *rival.requirements]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)  # noqa: S603 - our own arguments
        subprocess.run(pip, check=True)  # noqa: S603 - our own arguments
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{rival.name} cannot be installed and is left out: {error}", file=sys.stderr)
        return None
    stamp.write_text(wanted, encoding="utf-8")
    return python
