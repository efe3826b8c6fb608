"""The command line: options in, calls of the rooms below, words out."""
