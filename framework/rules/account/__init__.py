"""What an account is: what corporate actions, settlement, interest and taxes do to what it holds."""
