"""A Robinhood on loopback, for tests: the real client talks to it over HTTP, and a test moves its time, its prices and its faults.

    with RobinhoodDouble() as double:
        redirect(robin_stocks.robinhood.globals.SESSION, double.url)
        ...
        assert double.book()["orders"][0]["state"] == "filled"

``python -m brokers.robinhood.testing`` runs one in a process of its own; ``DoubleProcess`` starts that and commands it. What is known of
the real service, and from where, is in docs/robinhood.md.
"""

from brokers.robinhood.testing.clock import RunningClock, VirtualClock
from brokers.robinhood.testing.double import ACCOUNT, RemoteDouble, RobinhoodDouble
from brokers.robinhood.testing.process import DoubleProcess
from brokers.robinhood.testing.redirect import LoopbackAdapter, redirect

__all__ = ["ACCOUNT", "DoubleProcess", "LoopbackAdapter", "RemoteDouble", "RobinhoodDouble", "RunningClock", "VirtualClock", "redirect"]
