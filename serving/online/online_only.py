"""Feast's offline store for a process that only looks features up online: none.

Feast imports the module of the configured offline store to check its settings, which for the default one costs a
second of CPU and 35 MB for Dask's data frames. A server names this module instead (`serving.process.preload`).
"""

from typing import Literal

from feast.repo_config import FeastConfigBaseModel

SETTING = "{type: serving.online.online_only.NoOfflineStore}"


class NoOfflineStoreConfig(FeastConfigBaseModel):
    """The settings of no store. Whoever asks for offline features gets Feast's error that there is no such class."""

    type: Literal["serving.online.online_only.NoOfflineStore"] = "serving.online.online_only.NoOfflineStore"
