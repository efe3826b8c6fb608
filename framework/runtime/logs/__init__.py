"""What is written for people who look later: JSON lines without secrets. Only commands that trade import it; structlog takes its time."""
