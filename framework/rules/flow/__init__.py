"""What trades and the book say of who is in a hurry: sides of trades, large sellers, spikes of volume."""
