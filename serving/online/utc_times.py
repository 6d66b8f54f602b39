"""Event times in Feast's SQLite online store that do not depend on the machine's time zone.

Feast hands SQLite a time in UTC without its zone, and its adapter takes such a time for one of the local zone; its
converter does the same backwards. As long as both sides stand in one zone the two faults cancel out, but for the hour
that daylight saving leaves out. A materializer and a server in two zones would tell of features that are hours older,
or younger, than they are. The other stores have none of this; where this one keeps whole seconds, they keep
microseconds.
"""

import math
import sqlite3
from datetime import UTC, datetime

SQLITE = "sqlite"


def read_and_write_utc(kind: str) -> None:
    """From now on this process reads and writes SQLite's times in UTC, if that is the kind of the online store.

    Python keeps one adapter and one converter of a type for the whole process: Feast's are replaced. Nothing else in
    our processes declares a column a `timestamp` or hands SQLite a `datetime` (MLflow and ZenML go through
    SQLAlchemy, which makes text of it first).
    """
    if kind != SQLITE:
        return
    import feast.infra.online_stores.sqlite  # noqa: F401  # it registers its own when it is imported

    sqlite3.register_adapter(datetime, _stored)
    sqlite3.register_converter("timestamp", _read)


def _stored(moment: datetime) -> int:
    """Whole seconds since 1970, which is what Feast's own reader takes."""
    return math.floor((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _read(seconds: bytes) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
