"""Feast as the steps use it: the offline store, what is written online, and the lock of its registry."""
