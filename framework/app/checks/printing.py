"""What the checks found, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.app.backtest.printing import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framework.app.checks.doctor import Check


def print_checks(checks: Iterable[Check]) -> None:
    """One line a check, and what to do about those that failed."""
    console = Terminal(highlight=False)
    for check in checks:
        mark = "[green]ok  [/green]" if check.passed else "[red]FAIL[/red]"
        console.print(f"{mark} {check.name}: ", end="")
        console.print(check.detail, markup=False, soft_wrap=True)
