"""What the double shows: JSON in the shapes of the private API (keys captured in 2026)."""
