"""The one order path. Read ``engine.py`` first (a decision), then ``desk.py`` (an order)."""
