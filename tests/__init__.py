"""A package, so that the one of this name that a dependency installs is not taken for it."""
