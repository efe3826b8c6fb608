"""How much? Sizers, their caps and budgets, and lots."""
