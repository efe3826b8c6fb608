"""What `make mutation` found: mutants of the decision core that the tests noticed, by module.

Reads what mutmut left in ``mutants/``. A mutant is caught when a test fails or hangs on it. The score, caught / tried over all
modules, must be 85 % or more.

    python benchmarks/mutation_score.py
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

LIMIT = 0.85
MUTANTS = Path("mutants")
#: Exit codes of a mutant's test run: a failed test, or one that mutmut stopped because it ran too long.
KILLED, TIMEOUT = frozenset({1, 3}), frozenset({24, -24, 36, 152, 255})


def outcomes(meta: Path) -> Counter[str]:
    """How many mutants of one module were killed, timed out and survived; those not run yet are left out."""
    codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].values()
    return Counter("killed" if code in KILLED else "timeout" if code in TIMEOUT else "survived" for code in codes if code is not None)


def score(counts: Counter[str]) -> float:
    """Fraction caught, in [0, 1]."""
    return (counts["killed"] + counts["timeout"]) / counts.total()


def row(name: str, counts: Counter[str]) -> str:
    """One line of the table."""
    return f"{name:<44}{counts.total():>7}{counts['killed']:>8}{counts['timeout']:>9}{counts['survived']:>10}{100 * score(counts):>8.1f}"


def main() -> int:
    """Print the table; 1 when the score is below the limit, 2 when there is nothing to score."""
    found = {meta.relative_to(MUTANTS).with_suffix("").as_posix(): outcomes(meta) for meta in sorted(MUTANTS.rglob("*.py.meta"))}
    tried = {name: counts for name, counts in found.items() if counts.total()}
    if not tried:
        print("No mutant was tried; see what mutmut said above.", file=sys.stderr)
        return 2
    total = sum(tried.values(), Counter[str]())
    print(f"{'':<44}{'mutants':>7}{'killed':>8}{'timeout':>9}{'survived':>10}{'score %':>8}")
    print("\n".join(row(name, counts) for name, counts in tried.items()))
    print(row("total", total))
    return 0 if score(total) >= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
