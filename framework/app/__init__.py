"""Parts put together: the only package that may import everything, and the only place where modes exist.

From the ground up: ``assembly`` (a config's parts), ``folders`` (runs and tapes on disk) and ``robinhood``; ``backtest`` (one run);
``sweeps``, ``checks`` and ``compare``; ``arming`` (who may trade with money); ``watchdog``, ``sessions`` and ``audits``; ``commands``.
"""
