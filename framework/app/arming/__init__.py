"""Who may trade with money, how much, and who is told."""
