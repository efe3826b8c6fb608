"""How much of a result is luck? Sharpe ratios beside their error, their length of record and the number of trials behind them.

Ratios are those of one period of the returns, never annual. Every function answers every input: where there is no answer it is NaN with a
note that says why; nothing raises and nothing warns.
"""
