"""One run over past bars, from a config to its result."""
