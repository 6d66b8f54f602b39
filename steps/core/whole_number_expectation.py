"""The expectation that a column of floating-point numbers has whole ones only: a set of all of them would be huge."""

from typing import Any

import numpy as np
import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)


class ColumnValuesWhole(ColumnMapMetricProvider):
    """Which values have no fraction; missing ones are not looked at."""

    condition_metric_name = "column_values.whole"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: N805  # Great Expectations binds it to the class
        whole: pd.Series = column == np.floor(column)
        return whole


class ExpectColumnValuesToBeWhole(ColumnMapExpectation):
    """Expect each value of a column to be a whole number."""

    map_metric = "column_values.whole"
