"""Paper and live: the strategy on bars that arrive."""
