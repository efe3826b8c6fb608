"""Searches over parameters: what to try, who works, what came out and how many trials that were. Knows nothing of trading."""
