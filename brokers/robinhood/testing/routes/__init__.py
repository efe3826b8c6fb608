"""The double's addresses, by subject."""
