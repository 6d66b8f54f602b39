"""Registered versions: the registry, their bundles and cards, and who needs them."""
