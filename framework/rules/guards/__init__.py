"""When must trading stop? Circuit breakers, latched until somebody resumes."""
