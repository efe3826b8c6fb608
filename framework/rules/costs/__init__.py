"""What does a trade cost? Slippage moves its price, fees are paid beside it."""
