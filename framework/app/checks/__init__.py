"""Is everything here that a run needs?"""
