"""Assembly and the command line: the only package that may import everything, and the only place where modes exist."""
