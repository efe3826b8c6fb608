"""Where does a position's stop stand, and when must it be left?"""
