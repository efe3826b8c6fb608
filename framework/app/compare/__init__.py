"""Two runs beside each other, and what their fills say of the fill model."""
