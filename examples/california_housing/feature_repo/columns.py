"""The platform's way to write a column down."""

from feature_repo.columns import column, ratio

__all__ = ["column", "ratio"]
