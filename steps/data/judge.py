"""Great Expectations as the one judge of houses, whether a data set comes or a single listing."""

import logging
import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.data_context import EphemeralDataContext


def quieten() -> None:
    """Import Great Expectations without the hundreds of lines that it would write, and keep it so."""
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it imports sre_constants
        from great_expectations.data_context.types import base
    base.logger.setLevel(logging.WARNING)  # it sets its own level


def run_suite(suite: "ExpectationSuite", houses: pd.DataFrame) -> tuple["EphemeralDataContext", list[dict[str, Any]]]:
    """The context, which keeps what Data Docs are built from, and the result of every expectation as a dictionary."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    table = context.data_sources.add_pandas("pipeline").add_dataframe_asset("houses")
    definition = gx.ValidationDefinition(
        name="houses", data=table.add_batch_definition_whole_dataframe("all"), suite=context.suites.add(suite)
    )
    outcome = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": houses.reset_index(drop=True)}, result_format={"result_format": "COMPLETE"}
    )
    return context, [result.to_json_dict() for result in outcome.results]
