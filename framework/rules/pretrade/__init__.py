"""May we? Every limit on an entry, checked one order at a time."""
