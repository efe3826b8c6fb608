"""A process of its own that looks after a live session."""
