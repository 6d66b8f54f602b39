"""Whole runs of the feature pipeline in a real ZenML store."""

from pathlib import Path

import pandas as pd
import pytest
from zenml.client import Client
from zenml.models import PipelineRunResponse

from pipelines.features import feature_pipeline
from serving.settings import read_settings
from steps.core.rejection import RejectedRowsError
from tests.dashboard_pages import pages_of
from tests.houses import FINGERPRINT, boston, parameters
from zenml_config.environment import ROOT

CONFIG = str(ROOT / "zenml_config" / "features.yaml")


def run() -> PipelineRunResponse:
    feature_pipeline.with_options(config_path=CONFIG)()
    return Client().list_pipeline_runs(sort_by="desc:created").items[0]


def test_a_run_leaves_reports_and_a_filled_store_and_the_next_one_does_only_what_is_new(
    no_earlier_runs: None, platform_dir: Path
) -> None:
    first = run()
    assert first.status == "completed"
    outputs = {name: step.outputs for name, step in first.steps.items()}
    assert {artifact for step in outputs.values() for artifact in step} == {
        "contract",
        "ingested_houses",
        "exploration_report",
        "validated_houses",
        "validation_summary",
        "data_docs",
        "publication_report",
        "materialization_report",
        "freshness",
        "freshness_report",
    }
    ingested = outputs["ingest"]["ingested_houses"][0]
    assert ingested.run_metadata["fingerprint"] == FINGERPRINT
    pd.testing.assert_frame_equal(ingested.load(), boston())
    records = {"contract", "publication_report", "materialization_report"}
    assert pages_of(first) == {"exploration_report", "validation_summary", "freshness_report"} | records
    assert (platform_dir / "data_docs" / "index.html").exists()
    report = outputs["publish_features"]["publication_report"][0].load()
    assert (report.new_features, report.fingerprint) == (506, FINGERPRINT)
    assert outputs["materialize"]["materialization_report"][0].load().written == 506
    fresh, target = outputs["report_freshness"]["freshness"][0].load()
    assert (fresh["houses"], fresh["online"], fresh["behind"], fresh["unmaterialized"]) == (506, 506, 0, 0)
    assert (target["view"], target["served"], target["houses"]) == ("house_target", False, 506)
    reply = read_settings().feature_store().get_online_features(["house_features:RM"], [{"house_id": 17}])
    assert reply.to_dict()["RM"] == [boston().loc[17, "RM"]]

    second = run()
    assert {name: step.status for name, step in second.steps.items()} == {
        "apply_contract": "completed",
        "ingest": "completed",
        "explore": "cached",
        "validate": "cached",
        "publish_features": "completed",
        "materialize": "completed",
        "report_freshness": "completed",
    }
    report = second.steps["publish_features"].outputs["publication_report"][0].load()
    assert (report.new_features, report.new_prices, report.unchanged) == (0, 0, 506)
    assert second.steps["materialize"].outputs["materialization_report"][0].load().written == 0


def test_a_refused_data_set_stops_the_run_before_anything_is_stored(
    zenml_stack: None, platform_dir: Path, tmp_path: Path
) -> None:
    path = tmp_path / "houses.csv"
    houses = boston()
    houses.loc[3, "RM"] = 42
    houses.to_csv(path, index=False)
    given = parameters()
    given["source"] |= {"kind": "csv", "path": str(path)}
    with pytest.raises(RejectedRowsError, match="row 3: RM is 42; wanted 3 to 9"):
        feature_pipeline.with_options(enable_cache=True)(**given)
    assert not list((platform_dir / "feast" / "offline").glob("*.parquet"))
    assert Client().list_pipeline_runs(sort_by="desc:created").items[0].status == "failed"
