"""What a deployment refuses, and what it leaves when it does."""

from pathlib import Path

import pytest

from serving import service
from serving.settings import Settings, read_settings
from steps.core.errors import DeploymentError
from steps.core.parity import Parity
from steps.core.sampling import Sample
from steps.core.verified import StoreParity, Verification
from steps.deploy_model import deploy
from steps.deployment.deployed import Deployment, Rollout
from steps.deployment.report import render
from steps.feature_store.definitions import apply_definitions
from steps.find_champion import Champion
from steps.predict_offline import PRICE, predict_houses
from tests.serving_platform import USED, ServingPlatform

FEATURES = "house_price_features"
ROLLOUT = Rollout(tolerance=1e-5, event_time_resolution_seconds=1, start_timeout_seconds=120, mode="replace", share=0.1)


def champion_of(bundle: Path, version: str) -> Champion:
    return Champion(
        name="house-price",
        version=version,
        mlflow_run_id="0",
        feature_service=f"house_price_v{version}",
        features=list(USED),
        inputs=list(USED),
        metrics={},
        bundle=str(bundle),
    )


def sample(most: int) -> Sample:
    return Sample(most=most, newest=0, seed=1)


def test_without_houses_to_ask_for_the_feature_pipeline_is_named(
    serving_platform: ServingPlatform, platform_dir: Path
) -> None:
    apply_definitions(read_settings())
    champion = champion_of(serving_platform.bundles["1"], "1").model_copy(update={"feature_service": FEATURES})
    with pytest.raises(DeploymentError, match="feature pipeline"):
        predict_houses(champion, sample(10), read_settings())


def test_a_first_deployment_that_answers_otherwise_than_offline_leaves_nothing(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    champion = champion_of(serving_platform.bundles["1"], "1")
    expected = predict_houses(champion, sample(20), serving_settings)
    expected.loc[7, PRICE] += 0.5
    house = expected.loc[7, "house_id"]
    with pytest.raises(DeploymentError, match=rf"Asked by raw features, .*price of house {house} is 0\.5 from"):
        deploy(champion, expected, ROLLOUT, serving_settings)
    assert service.running(serving_settings) == []


def test_a_model_that_does_not_start_is_not_deployed_and_the_log_says_why(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path
) -> None:
    import shutil

    broken = Path(shutil.copytree(serving_platform.bundles["1"], tmp_path / "v1"))
    (broken / "scaler.json").write_text("{}")
    expected = predict_houses(champion_of(serving_platform.bundles["1"], "1"), sample(5), serving_settings)
    with pytest.raises(
        DeploymentError, match=r"Version 1 of house-price is not deployed\.(.|\n)*scaler\.json was changed"
    ):
        deploy(champion_of(broken, "1"), expected, ROLLOUT, serving_settings)
    assert service.running(serving_settings) == []


def test_the_page_escapes_what_it_shows() -> None:
    parity = Parity(rows=5, largest_difference=0.0, worst_house=1, worst_value="MEDV", tolerance=1e-5)
    stores = StoreParity(houses=5, features=["RM"], resolution_seconds=1, differences=[])
    live = Verification(by_raw_features=parity, by_house_id=parity, stored_features=stores)
    deployment = Deployment(
        url="http://x", name="<b>", version="2", previous_version=None, action="started", pid=1, log="l",
        candidate=None, live=live, seconds=1.0,
    )  # fmt: skip
    page = render(deployment)
    assert "&lt;b&gt; v2 is served" in page
    assert "5 houses, largest difference 0.00e+00" in page
    assert "Live, differences" in page
    assert "nothing was served" in page
