"""What the platform has Feast register of the columns."""

from feature_repo.house_views import Definitions, define

__all__ = ["Definitions", "define"]
