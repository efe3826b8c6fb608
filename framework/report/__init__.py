"""From a finished run to what people read: round trips, figures, files and the tear sheet."""
