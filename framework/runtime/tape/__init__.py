"""The tape: everything that came in, was decided and happened, in one append-only, hash-chained log.

A backtest's tape is written at its end (``recording``), that of a process that trades event by event (``store``): one schema, one
chain, read by the same functions.
"""
