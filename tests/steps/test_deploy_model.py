"""What a deployment refuses, and what it leaves when it does."""

import json
from pathlib import Path

import pytest

from serving import service
from serving.settings import Settings
from steps.core.errors import DeploymentError
from steps.deploy_model import Rollout, deploy
from steps.deployment_report import render
from steps.find_champion import Champion
from steps.predict_offline import PRICE, predict_houses
from tests.serving_platform import USED, ServingPlatform

ROLLOUT = Rollout(tolerance=1e-5, start_timeout_seconds=120)


def champion_of(bundle: Path, version: str) -> Champion:
    return Champion(
        name="house-price",
        version=version,
        mlflow_run_id="0",
        feature_service=f"house_price_v{version}",
        features=list(USED),
        metrics={},
        bundle=str(bundle),
    )


def test_without_houses_to_ask_for_the_feature_pipeline_is_named(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path
) -> None:
    empty = serving_settings.model_copy(update={"offline_dir": str(tmp_path)})
    with pytest.raises(DeploymentError, match="feature pipeline"):
        predict_houses(champion_of(serving_platform.bundles["1"], "1"), 10, empty)


def test_a_first_deployment_that_answers_otherwise_than_offline_leaves_nothing(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    champion = champion_of(serving_platform.bundles["1"], "1")
    expected = predict_houses(champion, 20, serving_settings)
    expected.loc[7, PRICE] += 0.5
    with pytest.raises(DeploymentError, match=r"Asked by raw features, .* house 7 is 0\.5 from"):
        deploy(champion, expected, ROLLOUT, serving_settings)
    assert service.running(serving_settings) == []


def test_a_model_that_does_not_start_is_not_deployed_and_the_log_says_why(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path
) -> None:
    import shutil

    broken = Path(shutil.copytree(serving_platform.bundles["1"], tmp_path / "v1"))
    (broken / "scaler.json").write_text("{}")
    expected = predict_houses(champion_of(serving_platform.bundles["1"], "1"), 5, serving_settings)
    with pytest.raises(
        DeploymentError, match=r"Version 1 of house-price is not deployed\.(.|\n)*scaler\.json was changed"
    ):
        deploy(champion_of(broken, "1"), expected, ROLLOUT, serving_settings)
    assert service.running(serving_settings) == []


def test_the_page_escapes_what_it_shows() -> None:
    parity = {"rows": 5, "largest_difference": 0.0, "worst_house": 1, "tolerance": 1e-5}
    deployment = {"url": "http://x", "name": "<b>", "version": "2", "previous_version": None, "action": "started"}
    deployment |= {"pid": 1, "log": "l", "seconds": 1.0, "candidate": None, "live": {"by_house_id": parity}}
    page = render(json.loads(json.dumps(deployment)))
    assert "&lt;b&gt; v2 is served" in page
    assert "5 houses, largest difference 0.00e+00" in page
    assert "nothing was served" in page
