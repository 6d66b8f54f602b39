"""How artifacts are stored and shown where ZenML's own way is not enough."""
