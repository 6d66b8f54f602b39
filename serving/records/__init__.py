"""What the service keeps of its work: receipts, true prices, profiles, and the verdict on them."""
