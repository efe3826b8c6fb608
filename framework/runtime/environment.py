"""What the environment says of a config: ``ONETAPE__SECTION__KEY`` variables, the aliases of the requirement documents, ``.env`` files."""

from __future__ import annotations

import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "ONETAPE__"

#: Alias, and the key whose value it holds.
ALIASES = (
    ("HRP_MAX_PORTFOLIO_VAR_PCT", ("sizing", "max_portfolio_var_pct")),
    ("HRP_MAX_POSITION_VAR_PCT", ("sizing", "max_position_var_pct")),
    ("ROBINHOOD_RATE_LIMIT_REQUESTS", ("broker", "rate_limit_requests")),
    ("ROBINHOOD_RATE_LIMIT_WINDOW", ("broker", "rate_limit_window")),
    ("ROBINHOOD_ORDER_COOLDOWN", ("broker", "order_cooldown")),
)
_SWITCH = (("1", True), ("true", True), ("yes", True), ("on", True), ("0", False), ("false", False), ("no", False), ("off", False))


class Override(NamedTuple):
    """A key of the config that a variable sets, and the text it is set to."""

    variable: str
    names: tuple[str, ...]
    text: str


def environment_of(folder: Path) -> dict[str, str]:
    """The process's environment over the variables of ``folder/.env``.

    Raises:
        ConfigError: The ``.env`` file cannot be read; the line is named, its content is not.
    """
    return {**_env_file(folder / ".env"), **os.environ}


def _env_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return dict(_variable(line.strip(), number, path) for number, line in enumerate(lines, 1) if line.strip() and line.strip()[0] != "#")


def _variable(line: str, number: int, path: Path) -> tuple[str, str]:
    name, equals, text = line.removeprefix("export ").partition("=")
    if not equals or not name.strip().isidentifier():
        raise ConfigError(f"{path}, line {number}: write NAME=value, one to a line (# starts a comment line)")
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return name.strip(), text[1:-1] if quoted else text


def overrides(environment: Mapping[str, str]) -> Iterator[Override]:
    """What the variables set, aliases first, so that an ``ONETAPE__`` variable has the last word; an empty alias says nothing.

    Raises:
        ConfigError: An alias holds what it cannot mean.
    """
    for name, key in ALIASES:
        if environment.get(name):
            yield Override(name, key, environment[name])
    yield from _sizing_switch("HRP_USE_VAR_SIZING", environment)
    yield from _stop_percent("HRP_AUTO_STOP_LOSS_PCT", environment)
    for name in sorted(environment):
        if name.startswith(PREFIX):
            yield Override(name, tuple(name.removeprefix(PREFIX).lower().split("__")), environment[name])


def _sizing_switch(name: str, environment: Mapping[str, str]) -> Iterator[Override]:
    if not environment.get(name):
        return
    known = dict(_SWITCH)
    text = environment[name].strip().lower()
    if text not in known:
        raise ConfigError(f"{name} = {environment[name]!r}: must be true or false")
    yield Override(name, ("sizing", "method"), "var" if known[text] else "equal")


def _stop_percent(name: str, environment: Mapping[str, str]) -> Iterator[Override]:
    if not environment.get(name):
        return
    try:
        percent = Decimal(environment[name]) * 100  # these documents write 5 % as 0.05
    except InvalidOperation:
        raise ConfigError(f"{name} = {environment[name]!r}: must be a number; 0.05 means 5 %") from None
    yield Override(name, ("stops", "method"), "percent")
    yield Override(name, ("stops", "percent"), str(float(percent)))


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where this user's sessions and request budgets are kept: ONETAPE_STATE, else the system's place for state."""
    named = environment.get("ONETAPE_STATE")
    if named:
        return Path(named).expanduser()
    return Path(environment.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "onetape"
