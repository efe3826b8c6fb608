"""How is a decision sent? Limit prices, slippage guard, rebalancing."""
