"""A Feast online store that holds exactly what a test wants of houses."""

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pandas as pd
import redis

from serving.contract import HOUSE_FEATURES

if TYPE_CHECKING:
    from feast import FeatureStore


def empty(store: "FeatureStore") -> None:
    """Remove everything from the online store, whose tables stay."""
    if "redis" in store.config.online_store.type:
        host, port = store.config.online_store.connection_string.split(":")
        with redis.Redis(host, int(port)) as client:
            client.flushall()
        return
    with contextlib.closing(sqlite3.connect(store.config.online_store.path)) as connection, connection:
        for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            connection.execute(f'delete from "{name}"')  # noqa: S608  # its own name


def fill(store: "FeatureStore", houses: pd.DataFrame) -> None:
    """Let the online store hold these observations and nothing else.

    Args:
        houses: the columns of the offline file, one row a house.
    """
    empty(store)
    store.write_to_online_store(HOUSE_FEATURES, houses)
