"""The service as processes: start, workers, hand-over and end."""
