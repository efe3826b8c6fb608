"""What leaves for a venue, and how often: the request budget of a credential, and asking again."""
