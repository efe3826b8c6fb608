"""The order path of a signal strategy as one compiled loop; what it does not model is left to the event drivers."""
