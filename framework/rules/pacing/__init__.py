"""When a request may leave: how many in any window, how long after an order, how long after a refusal."""
