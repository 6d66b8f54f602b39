"""From features to a price: the model's arithmetic, its interval and its reasons."""
