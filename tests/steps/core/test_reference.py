"""The reference profile."""

import numpy as np
from whylogs.core import DatasetProfileView

from steps.core.reference import reference_profile
from tests.training import prepared


def test_the_profile_has_every_raw_feature_and_the_predictions_and_counts_what_is_missing() -> None:
    train, _, _ = prepared()
    train.loc[:9, "AGE"] = np.nan
    view = DatasetProfileView.deserialize(reference_profile(train, np.full(len(train), 22.5, np.float32), "MEDV"))
    columns = view.get_columns()
    assert set(columns) == set(train.columns) - {"house_id"}
    rooms = columns["RM"].get_metric("distribution")
    assert (rooms.min, rooms.max) == (train["RM"].min(), train["RM"].max())
    assert columns["MEDV"].get_metric("distribution").mean.value == 22.5
    assert columns["AGE"].get_metric("counts").nan.value == 10
