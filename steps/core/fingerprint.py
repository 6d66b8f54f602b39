"""What identifies a data set: its values, whatever file they came from."""

import hashlib

import numpy as np
import pandas as pd

HOUSE_ID = "house_id"


def fingerprint(frame: pd.DataFrame) -> str:
    """The SHA-256, in hexadecimal, of the values as little-endian float64, house by house.

    The order of the rows does not matter if the frame has a `house_id`; the order of the columns does. Every missing
    value counts as the same one, and -0 as 0.

    Args:
        frame: numbers: the features in the order of the contract, then the target; a `house_id` only sorts the rows.
    """
    if HOUSE_ID in frame:
        frame = frame.sort_values(HOUSE_ID, kind="stable").drop(columns=HOUSE_ID)
    values = frame.to_numpy(dtype="<f8") + 0.0
    values[np.isnan(values)] = np.nan
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
