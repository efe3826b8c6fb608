"""What every command has in common: its options, and the exit code of whatever it raises."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, ParamSpec

import typer

from framework.errors import ConfigError, OnetapeError

P = ParamSpec("P")

_SIMULATED = "it was a simulation, nothing is open at a broker"

EXIT_BUG = 70
EXIT_INTERRUPTED = 130

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The config file: TOML, or JSON and YAML by suffix.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else there.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
DEFAULT_CONFIG = Path("onetape.toml")


def reported(command: Callable[P, None]) -> Callable[P, None]:
    """Turn whatever a command raises into one message and the exit code of its kind."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except typer.Exit:
            raise
        except OnetapeError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(error.exit_code) from None
        except SystemExit as stop:  # ours are typer's; this one would end a run with a code of its own and no word
            typer.echo(f"error: the strategy called sys.exit({stop.code}); let it return, or raise an exception", err=True)
            raise typer.Exit(ConfigError.exit_code) from None
        except (KeyboardInterrupt, typer.Abort):
            open_still = "what is open at the broker stays open there" if command.__name__ == "live" else _SIMULATED
            typer.echo(f"stopped; {open_still}", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            _discard_output()
            raise typer.Exit(0) from None
        except Exception as error:  # noqa: BLE001 - the last resort: no traceback on the terminal, but none lost either
            _end(error)

    return wrapper


def _end(error: Exception) -> NoReturn:
    """A package that an extra brings is missing, or it is a bug."""
    from framework.app.checks.extras import remedy_for

    if isinstance(error, ModuleNotFoundError) and (remedy := remedy_for(error.name or "")):
        typer.echo(f"error: this needs {error.name}, which is not installed: {remedy}", err=True)
        raise typer.Exit(ConfigError.exit_code) from None
    typer.echo(f"error: this is a bug in onetape: {_reported(error)}", err=True)
    raise typer.Exit(EXIT_BUG) from None


def _discard_output() -> None:
    """Send what is still buffered nowhere: its reader has gone, and closing stdout at the end must not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reported(error: Exception) -> str:
    """What it was and where its traceback is kept, both without secrets."""
    import tempfile

    from framework.app.crash import redacted, redactor_of_environment

    crash = redacted(error, redactor_of_environment(Path.cwd()))
    with tempfile.NamedTemporaryFile("w", prefix="onetape-crash-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write(crash.report)
    return f"{crash}\nplease report it with {file.name}; look through it first, it may quote what it was working on"
