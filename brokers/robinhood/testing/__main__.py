"""Run a double in a process of its own: ``python -m brokers.robinhood.testing --port 8080``. Its address is the first line it writes."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

from brokers.robinhood.testing.clock import RunningClock, VirtualClock
from brokers.robinhood.testing.double import RobinhoodDouble


def main() -> None:
    """Serve until the standard input ends, so that it does not outlive the process that started it."""
    parser = ArgumentParser(prog="python -m brokers.robinhood.testing", description="A Robinhood on loopback, for tests.")
    parser.add_argument("--port", type=int, default=0, help="to listen on; a free one by default")
    parser.add_argument("--start", default="2026-03-02T15:00:00Z", help="its time at the start")
    parser.add_argument("--speed", type=float, default=0.0, help="how fast its time goes on by itself; 0: not at all")
    parser.add_argument("--cash", default="100000", help="dollars of its account")
    parser.add_argument("--certificate", type=Path, help="PEM file with certificate and key, for https")
    given = parser.parse_args()
    clock = RunningClock(given.start, given.speed) if given.speed else VirtualClock(given.start)
    with RobinhoodDouble(clock, given.cash, given.port, given.certificate) as double:
        sys.stdout.write(f"{double.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
