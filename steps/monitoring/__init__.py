"""What was served and what came true, whom it concerns, who is told, and the record of retrainings."""
