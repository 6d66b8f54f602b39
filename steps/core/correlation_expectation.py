"""The one expectation that Great Expectations lacks: that two columns go together as they should.

A target that was shuffled, or a column that was swapped for another, keeps every column's own statistics.
"""

from typing import Any, ClassVar

import pandas as pd
from great_expectations.compatibility import pydantic
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider


class TableCorrelations(TableMetricProvider):
    """Pearson's correlation of every two numeric columns, over the rows in which both are present."""

    metric_name = "table.correlations"

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805  # Great Expectations binds it to the class
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],  # noqa: ARG002
        metrics: dict[str, Any],  # noqa: ARG002
        runtime_configuration: dict[str, Any],  # noqa: ARG002
    ) -> pd.DataFrame:
        frame, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        return frame.corr(numeric_only=True)


class ExpectColumnPairCorrelationToBeBetween(BatchExpectation):
    """Expect Pearson's correlation of two columns to lie in a range, both ends included."""

    column_A: str = pydantic.Field(description="A column's name.")  # noqa: N815  # the library's name for it
    column_B: str = pydantic.Field(description="The other column's name.")  # noqa: N815
    min_value: float = pydantic.Field(description="The smallest allowed correlation.")
    max_value: float = pydantic.Field(description="The largest allowed correlation.")

    metric_dependencies = ("table.correlations",)
    domain_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B")
    success_keys: ClassVar[tuple[str, ...]] = ("min_value", "max_value")
    args_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "min_value", "max_value")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
        execution_engine: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        observed = float(metrics["table.correlations"].loc[self.column_A, self.column_B])
        # A column that does not vary has no correlation: NaN is in no range.
        return {"success": self.min_value <= observed <= self.max_value, "result": {"observed_value": observed}}
