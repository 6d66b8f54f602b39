"""The content hash of a data frame."""

import numpy as np
import pandas as pd
import pytest

from steps.artifacts.materializers import FrameMaterializer


def content_hash(frame: pd.DataFrame) -> str:
    return FrameMaterializer("unused").compute_content_hash(frame)


FRAME = pd.DataFrame({"house_id": [0, 1], "RM": [6.5, np.nan]})


def test_equal_frames_have_one_hash() -> None:
    assert content_hash(FRAME) == content_hash(FRAME.copy())


@pytest.mark.parametrize(
    "other",
    [
        FRAME.assign(RM=[6.5, 0.0]),
        FRAME.rename(columns={"RM": "AGE"}),
        FRAME.astype({"house_id": "float64"}),
        FRAME[["RM", "house_id"]],
        FRAME.iloc[::-1],
        FRAME.set_axis([5, 6]),
        FRAME.iloc[:1],
    ],
)
def test_any_difference_gives_another_hash(other: pd.DataFrame) -> None:
    assert content_hash(other) != content_hash(FRAME)
