"""The pipeline that new data trigger: from a source to the Feast offline and online stores."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.apply_contract import apply_contract
from steps.core.expectations import Distribution
from steps.data.sources import Source
from steps.explore import Exploration, explore
from steps.ingest import ingest
from steps.materialize import materialize
from steps.publish_features import Publication, publish_features
from steps.report_freshness import report_freshness
from steps.terminal.hooks import end_run, show_run
from steps.validate import validate


@pipeline(execution_mode=ExecutionMode.FAIL_FAST, on_init=show_run, on_cleanup=end_run)
def feature_pipeline(
    source: Source, exploration: Exploration, distribution: Distribution, publication: Publication
) -> None:
    """Read houses, show them, hold them against the contract, and publish what is new of them."""
    contract = apply_contract()
    houses = ingest(source, contract)
    explore(houses, contract, exploration)
    validated, _, _ = validate(houses, contract, source, distribution)
    publish_features(validated, publication)
    materialize(after="publish_features")
    report_freshness(after="materialize")
