"""Risk of a symbol and of a portfolio: value at risk, expected shortfall, their parts, and whether they held.

Losses are positive, fractions of value; functions of a portfolio take dollars and answer in dollars. Returns are simple, oldest first.
Every function answers every input: where there is no answer it is NaN with a note that says why; nothing raises and nothing warns.
"""
