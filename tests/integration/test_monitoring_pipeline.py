"""Whole runs of the monitoring pipeline: a real registry, a real Feast store, real receipts and profiles."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from zenml.client import Client
from zenml.models import PipelineRunResponse

from pipelines.monitoring import monitoring_pipeline
from serving.records.drift import VERDICT
from serving.records.live_error import LIVE_ERROR, NOT_ENOUGH, WORSE
from serving.records.profiles import profile_spool
from serving.records.receipts import Header, Served
from serving.records.spool import SPOOL, Spool
from serving.settings import Settings
from steps.conclude_rollout import Conclusion
from steps.core.drift_verdict import DriftVerdict
from steps.core.live_error import LiveError
from tests.closing_table import closing_table
from tests.dashboard_pages import pages_of
from tests.retraining import monitoring_parameters
from tests.serving_platform import USED, ServingPlatform, offline_prices
from tests.true_prices import tell


def run(folder: Path) -> PipelineRunResponse:
    """A run that starts no retraining: tests/integration/test_retraining.py is about those."""
    parameters = monitoring_parameters()
    parameters["retraining"]["causes"] = []
    config = folder / "monitoring.yaml"
    config.write_text(yaml.safe_dump({"parameters": parameters}))
    monitoring_pipeline.with_options(config_path=str(config))()
    return Client().list_pipeline_runs(sort_by="desc:created").items[0]


def serve(platform: ServingPlatform, settings: Settings, houses: pd.DataFrame, client: str) -> str:
    """The receipt of what a worker of version 1 would leave of a request for the houses, profiled."""
    prices = offline_prices(platform.bundles["1"], houses)
    rows: Any = houses[list(USED)].astype(object).where(houses[list(USED)].notna(), None).to_numpy().tolist()
    spool = Spool(settings.profiles_dir / SPOOL, Header("1", USED, ("MEDV",)))
    ids = houses["house_id"].tolist()
    receipt = spool.append(Served(rows, [[price] for price in prices], house_ids=ids, client=client))
    spool.close()
    profile_spool(settings.profiles_dir / SPOOL, settings.profiles_dir)
    return receipt


def test_a_shifted_feature_is_judged_explained_shown_and_handed_to_the_service(
    no_earlier_runs: None,
    champion: Callable[[str], None],
    serving_settings: Settings,
    serving_platform: ServingPlatform,
) -> None:
    champion("1")
    houses = serving_platform.frame
    serve(serving_platform, serving_settings, houses.assign(RM=np.minimum(houses["RM"] + 1.2, 9)), "acme")
    serve(serving_platform, serving_settings, houses.head(100), "other")
    ended = run(serving_settings.var_dir)
    judged = {"champion", "window", "traffic_profile", "drift_report", "live_error"}
    assert pages_of(ended) == judged | {"rollout_conclusion", "retraining_decision", "retraining"}
    shown = closing_table("monitoring", ended)
    assert "drift          drifted: " in shown
    assert "retraining     off: " in shown
    assert [one.id for one in Client().list_pipeline_runs(run_metadata=["drift:drifted"])] == [ended.id]
    outputs = ended.steps
    verdict = outputs["find_root_cause"].outputs["drift_verdict"][0].load()
    assert isinstance(verdict, DriftVerdict)
    assert (verdict.status, verdict.drifted, verdict.window.rows) == ("drifted", ("RM",), 606)
    cause = verdict.root_cause
    assert cause is not None
    assert (cause.effects[0].feature, cause.effects[0].rank, cause.sampled_rows) == ("RM", 1, 606)
    assert cause.effects[0].price_effect is not None
    assert cause.effects[0].price_effect > 2
    priced, known = verdict.column("MEDV").mean, np.mean(offline_prices(serving_platform.bundles["1"], houses))
    assert cause.price_change == pytest.approx(priced - known, abs=0.01)
    assert {"house_price_features", "house_price_v1"} <= set(cause.feature_services)
    assert cause.model_versions == ("1 (champion)",)
    assert [(one.client, one.rows) for one in cause.callers] == [("acme", 506), ("other", 100)]
    assert cause.callers[0].outside > cause.callers[1].outside

    facts = outputs["find_root_cause"].outputs["drift_verdict"][0].run_metadata
    assert (facts["status"], facts["drifted"], facts["root_cause"]) == ("drifted", "RM", "RM")
    assert json.loads((serving_settings.profiles_dir / VERDICT).read_text()) == verdict.model_dump(mode="json")

    error = outputs["measure_live_error"].outputs["error_verdict"][0].load()
    assert isinstance(error, LiveError)
    assert (error.status, error.truths.received, error.estimate is not None) == (NOT_ENOUGH, 0, True)
    conclusion = outputs["conclude_rollout"].outputs["rollout_conclusion"][0].load()
    assert conclusion == Conclusion(action="none")


def test_errors_that_grew_are_measured_judged_shown_and_handed_to_the_service(
    no_earlier_runs: None,
    champion: Callable[[str], None],
    serving_settings: Settings,
    serving_platform: ServingPlatform,
) -> None:
    champion("1")
    houses = serving_platform.frame.iloc[::4]
    receipt = serve(serving_platform, serving_settings, houses, "town/acme")
    tell(serving_settings, np.minimum(houses["MEDV"] * 1.4, 50).tolist(), receipt)
    outputs = run(serving_settings.var_dir).steps["measure_live_error"].outputs
    error = outputs["error_verdict"][0].load()
    assert (error.status, error.version, error.champion.houses) == (WORSE, "1", len(houses))
    assert error.champion.trained_houses == len(houses)
    assert [(one.client, one.tenant, one.rows) for one in error.callers] == [("town/acme", "town", len(houses))]
    assert error.champion.bias is not None
    assert error.champion.bias.high < 0
    assert error.by_day[0].estimated_mae is not None  # the receipts are here
    assert outputs["error_verdict"][0].run_metadata["status"] == WORSE
    assert [page.type for page in outputs["live_error"][0].visualizations] == ["html"]
    written = json.loads((serving_settings.profiles_dir / LIVE_ERROR).read_text())
    assert written == error.model_dump(mode="json")
