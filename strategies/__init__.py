"""One idea a file. Strategies import ``framework`` and numpy, nothing else."""
