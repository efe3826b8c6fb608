"""The control plane: an operator's commands, written to the tape by any process, read by the one that trades."""
