"""The one order path. Read ``engine.py`` first: the life of a bar is one method."""
