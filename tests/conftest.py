"""Hypothesis profiles: ``dev`` while working, ``ci`` in continuous integration, ``deep`` and ``nightly`` when there is time.

HYPOTHESIS_PROFILE picks one; without it CI decides. ``ci`` draws the same examples every time: a red build is red again on the desk.
The promises of the decision core are tried more often than the rest: ``tests/properties/examples.py``.
"""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, Phase, settings

SLOW_MACHINES = (HealthCheck.too_slow,)

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=SLOW_MACHINES)
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True, print_blob=True, suppress_health_check=SLOW_MACHINES)
settings.register_profile("deep", max_examples=1_000, deadline=None, print_blob=True, suppress_health_check=SLOW_MACHINES)
settings.register_profile("nightly", max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=SLOW_MACHINES)
settings.register_profile(
    # The thousands of short runs of `make mutation`: the same few examples each time, a failure is not made smaller.
    "mutation",
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=SLOW_MACHINES,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

# Started in the background the tests would be deaf to Ctrl-C, and so would the commands they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
