"""What a deployment leaves, and whether the running service says what the offline model says."""
