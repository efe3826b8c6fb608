"""The files a new user starts from."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

#: Template, and the name it gets.
STARTER = (("onetape.toml", "onetape.toml"), ("env_example.txt", ".env.example"), ("my_strategy.txt", "my_strategy.py"))


def write_starter(folder: Path) -> list[Path]:
    """Write config, .env.example and a first strategy into ``folder``; returns their paths.

    Raises:
        ConfigError: A file of that name is there already, or the folder cannot be written.
    """
    targets = [(template, folder / name) for template, name in STARTER]
    there = [path for _, path in targets if path.exists()]
    if there:
        raise ConfigError(f"{there[0]} exists already and is left as it is; init another folder, or move it away")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for template, path in targets:
            path.write_text(files("framework.app.commands").joinpath("templates", template).read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror}; name a folder that can be written: onetape init DIR") from None
    return [path for _, path in targets]
