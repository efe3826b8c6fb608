"""Run folders and tapes: where they are made, found and read again."""
