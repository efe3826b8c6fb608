"""Many runs with other parameters, and what choosing among them was worth."""
