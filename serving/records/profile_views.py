"""whylogs profiles of plain numbers: made, read and merged here and nowhere else, since whylogs has traps.

whylogs 1.6 was not made for NumPy 2: columns of text or times call `np.unicode_`, which is gone, so float64 columns
alone go in. It looks at each value of a column unless the schema says that all are alike. It tells of every profile
that it reads. `whylogs.viz`, which has its drift functions, wants IPython.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from whylogs.core import DatasetProfileView


def view_of(
    columns: Sequence[str], rows: Any, metadata: Mapping[str, str] | None = None, known: Any = None
) -> "DatasetProfileView":
    """The profile of the rows, and of those of a profile that is there already.

    Args:
        columns: names of the columns.
        rows: (n, columns) numbers, None or NaN where one is missing; n may be 0.
        metadata: what the profile says of itself.
        known: the profile to add the rows to.
    """
    import pandas as pd
    from whylogs.core import DatasetProfile, DatasetProfileView, DatasetSchema
    from whylogs.core.dataset_profile import ColumnProperties

    quiet()
    table = pd.DataFrame(np.array(rows, dtype=np.float64).reshape(len(rows), len(columns)), columns=list(columns))
    # Of a whole column whylogs need not look at each value, which is most of its work.
    whole = [name for name, missing in table.isna().any().items() if not missing]
    schema = DatasetSchema(types=dict.fromkeys(whole, (float, ColumnProperties.homogeneous)))
    profile = DatasetProfile(dataset_timestamp=datetime.now(UTC), schema=schema)
    if len(table):
        profile.track(table)
    view = profile.view() if known is None else known.merge(profile.view())
    return DatasetProfileView(
        columns=view.get_columns(),
        dataset_timestamp=view.dataset_timestamp,
        creation_timestamp=view.creation_timestamp,
        metadata=dict(metadata or {}),
    )


def as_view(data: bytes) -> "DatasetProfileView":
    """The profile in the bytes of a file."""
    from whylogs.core import DatasetProfileView

    quiet()
    return DatasetProfileView.deserialize(data)


def merged(views: "Iterable[DatasetProfileView]") -> "DatasetProfileView | None":
    """The profile of all the rows of the views, or None: there are no views."""
    result = None
    for view in views:
        result = view if result is None else result.merge(view)
    return result


def quiet() -> None:
    """Let whylogs tell of what goes wrong only."""
    logging.getLogger("whylogs").setLevel(logging.WARNING)
