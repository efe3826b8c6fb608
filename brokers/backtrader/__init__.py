"""backtrader turns the crank: Cerebro aligns the feeds and steps through time. The only importer of backtrader."""
