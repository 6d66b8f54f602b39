"""Another data set through all four pipelines, by a feature repository, configuration and an environment file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from zenml.client import Client

from examples.california_housing import traffic
from pipelines import demo
from pipelines.monitoring import monitoring_pipeline
from serving import service
from serving.bundle import METADATA
from serving.settings import Settings, read_settings
from steps.core.drift_verdict import DriftVerdict
from tests.california import HOUSES, block_groups, small_example
from tests.conftest import forget_stacks
from tests.ports import free_port


@pytest.fixture
def california(platform_dir: Path, zenml_stack: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The example on free ports, with invented houses; what it started is stopped."""
    from zenml_config.stack import register_stack

    small_example(platform_dir, monkeypatch)
    for name in ("REST", "METRICS", "GRPC", "CONSOLE"):
        monkeypatch.setenv(f"HPP_{name}_PORT", str(free_port()))
    settings = read_settings()
    try:
        yield settings
    finally:
        service.stop_all(settings)
        monkeypatch.undo()
        forget_stacks()
        register_stack()


@pytest.mark.timeout(1800)  # four pipelines in one test, on a machine that may be busy
@pytest.mark.usefixtures("no_earlier_runs")
def test_a_house_of_california_is_priced_by_id_and_by_features_and_its_traffic_is_judged(
    california: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    demo.main()
    screen = capfd.readouterr().out
    assert f"{HOUSES} houses in Feast ({HOUSES} new)" in screen
    assert "errors in 100000 USD" in screen
    assert "\nexport HPP_ENVIRONMENT_FILE=" in screen
    for name in ("all_features_tuned", "with_ratios", "all_features_by_region"):
        assert name in screen

    trained = Client().list_pipeline_runs(pipeline="training_pipeline", sort_by="desc:created", hydrate=True).items[0]
    assert "Errors in 100000 USD." in trained.steps["choose_champion"].outputs["experiment_comparison"][0].load()

    houses = block_groups().rename_axis("house_id").reset_index()
    by_id, by_features = (traffic.ask(california, houses[:20], by_id=way) for way in (True, False))
    assert by_id["data"]["names"] == ["MedHouseVal", "MedHouseVal_low", "MedHouseVal_high"]
    assert by_id["data"]["ndarray"] == by_features["data"]["ndarray"]
    prices = pd.Series([row[0] for row in by_id["data"]["ndarray"]])
    assert prices.corr(houses["MedHouseVal"][:20]) > 0.9
    bundled = json.loads((california.models_dir / "v1" / METADATA).read_text())
    assert (bundled["target"], bundled["units"]["MedHouseVal"]) == ("MedHouseVal", "100000 USD")

    traffic.main(["--region", "south"])
    monitoring_pipeline.with_options(config_path=str(california.config / "monitoring.yaml"))()
    outputs = Client().list_pipeline_runs(sort_by="desc:created").items[0].steps
    verdict = outputs["find_root_cause"].outputs["drift_verdict"][0].load()
    assert isinstance(verdict, DriftVerdict)
    assert (verdict.status, "Latitude" in verdict.drifted) == ("drifted", True)
    assert verdict.column("MedHouseVal").rows == verdict.window.rows
    assert "errors in 100000 USD" in outputs["measure_live_error"].outputs["live_error"][0].load()
    assert "in 100000 USD" in outputs["drift_report"].outputs["drift_report"][0].load()
    error = outputs["measure_live_error"].outputs["error_verdict"][0].load()
    assert error.truths.received > 0
