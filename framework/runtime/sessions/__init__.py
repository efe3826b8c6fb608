"""Paper and live sessions: bars that arrive, decisions on the tape before the next ones, and the way back after a restart."""
