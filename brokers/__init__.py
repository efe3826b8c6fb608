"""Places orders go. None of them knows the others."""
