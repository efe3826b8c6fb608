"""Is a result what it looks like?"""
