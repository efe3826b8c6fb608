"""A venue that exists on bars alone."""
