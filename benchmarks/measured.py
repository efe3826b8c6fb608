"""A process to measure, and what it came to."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import NamedTuple


class Job(NamedTuple):
    """One process: its row in the table of ``workload``, the bars one run of it counts for, and by how much its runs are scaled up.

    With ``fresh`` nothing has ever been compiled before it. Of ``processes`` more than one, all are measured after one that fills caches.
    """

    workload: str
    row: str
    command: tuple[str, ...]
    bars: int
    scale: float = 1.0
    fresh: bool = False
    processes: int = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """What a job came to; ``cpu`` and ``wall`` seconds of its runs, the cold one first; of the whole process; ``error`` if it failed."""

    job: Job
    process_cpu: float
    process_wall: float
    peak_mb: float
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    equity: float | None = None
    trades: int | None = None
    note: str = ""
    error: str = ""

    @property
    def warm(self) -> list[float]:
        """CPU seconds of the warm runs; of the cold one where there is no other."""
        return [one * self.job.scale for one in (self.cpu[1:] or self.cpu)]

    @property
    def typical(self) -> float:
        """Their median."""
        return statistics.median(self.warm)
