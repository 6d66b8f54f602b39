"""Houses' features out of Feast's online store, by house id."""
