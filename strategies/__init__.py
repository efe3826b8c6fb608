"""One idea a file. Strategies import ``framework`` and numpy; what an extra brings (TA-Lib, statsmodels) they import when they run."""
