"""The platform's view of derived columns."""

from feature_repo.ratio_view import known_of, parts, ratio_view

__all__ = ["known_of", "parts", "ratio_view"]
