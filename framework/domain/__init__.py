"""What things are: frozen values, facts and the field's words."""
