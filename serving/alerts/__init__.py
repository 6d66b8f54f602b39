"""What the platform tells people by itself: alerts, what they say, and how they are delivered."""
