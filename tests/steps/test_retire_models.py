"""Which model versions are removed, in a real MLflow and a real Feast registry, and which stay."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import msgspec
import psutil
import pytest

from serving import service as services
from serving.bundle import SCHEMA, Metadata, read_bundle, write_bundle
from serving.process.rolling import FIRST, State, Wanted, write_state, write_wanted
from serving.records.hourly import hour_of
from serving.settings import Settings, read_settings
from steps.core.errors import PlatformError
from steps.feature_store.definitions import apply_definitions
from steps.models.holds import feature_services
from steps.models.registry import RETIRED
from steps.retire_models import main, restore, retire
from steps.tracking.runs import ALIAS, MODEL, mlflow_client


@pytest.fixture(scope="module")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database with its tables, which take seconds to make."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
        mlflow_client().search_experiments()
    return path


@pytest.fixture
def settings(empty_mlflow: Path, platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The versions 1 to 4: 4 is kept as the newest, 3 is the champion, nothing holds 1 and 2."""
    monkeypatch.setenv("HPP_MODEL_VERSIONS_KEPT", "1")
    (platform_dir / "mlflow").mkdir()
    shutil.copy(empty_mlflow, platform_dir / "mlflow" / "mlflow.db")
    client, settings = mlflow_client(), read_settings()
    experiment = client.create_experiment("retirement", artifact_location=str(platform_dir / "artifacts"))
    client.create_registered_model(MODEL)
    for number in "1234":
        run = client.create_run(experiment).info.run_id
        folder = settings.models_dir / f"v{number}"
        write_bundle(folder, metadata(number), {"model.ubj": number.encode()})
        client.log_artifacts(run, str(folder), f"bundle/v{number}")
        client.create_model_version(MODEL, source="file:///nowhere", run_id=run)
    client.set_registered_model_alias(MODEL, ALIAS, "3")
    apply_definitions(settings)
    return settings


def metadata(number: str) -> Metadata:
    texts = dict.fromkeys(("mlflow_run_id", "zenml_run_id", "data_fingerprint", "git_commit", "created_at"), "0")
    return Metadata(
        schema=SCHEMA, model_name=MODEL, model_version=number, experiment="e",
        feature_service=f"house_price_v{number}", features=("RM", "LSTAT"), target="MEDV", units={}, metrics={},
        parameters={}, **texts,
    )  # fmt: skip


def there(settings: Settings) -> tuple[str, str, str]:
    """The versions that have a bundle, those that have a feature service, those that MLflow calls retired."""
    bundles = sorted(path.name.removeprefix("v") for path in settings.models_dir.iterdir())
    tagged = [one.version for one in mlflow_client().search_model_versions(f"name = '{MODEL}'") if RETIRED in one.tags]
    served = sorted(feature_services(settings.feature_store()))
    return "".join(bundles), "".join(served), "".join(sorted(map(str, tagged)))


def record(settings: Settings, kind: str, version: str, moment: datetime) -> None:
    folder = settings.profiles_dir / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"v{version}.{hour_of(moment.timestamp())}.1f-2a.jsonl").write_text("{}\n")


@pytest.fixture
def served(settings: Settings) -> Iterator[Callable[[str, str], None]]:
    """Let a service be on record that serves one version and was asked to take up another."""
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    instance = settings.run_dir / "instance-1"

    def serve(now: str, next_one: str) -> None:
        folders = {number: str(settings.models_dir / f"v{number}") for number in (now, next_one)}
        write_state(instance, State(FIRST, folders[now], now))
        write_wanted(instance, Wanted("roll-1", folders[next_one], 10.0))
        created = psutil.Process(process.pid).create_time()
        found = services.Service(process.pid, created, "127.0.0.1", 9000, folders[now], now, str(instance), "log")
        (settings.run_dir / "service-instance-1.json").write_bytes(msgspec.json.encode(found))

    yield serve
    process.kill()
    process.wait()


def test_what_nothing_holds_is_removed_and_a_second_run_finds_nothing(settings: Settings) -> None:
    assert sorted(one.version for one in retire(settings)) == ["1", "2"]
    assert there(settings) == ("34", "34", "12")
    assert retire(settings) == []
    apply_definitions(settings)
    assert there(settings) == ("34", "34", "12")


def test_a_dry_run_names_them_and_changes_nothing(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "Version 1 would be removed." in told
    assert "Version 3 stays; it may go when nothing of this holds it: alias champion in the model registry." in told
    assert "one of the 1 newest (HPP_MODEL_VERSIONS_KEPT)" in told
    assert there(settings) == ("1234", "1234", "")


@pytest.mark.parametrize("kind", ["spool", "feedback"])
def test_a_version_with_receipts_or_feedback_is_refused_with_the_date_from_which_it_may_go(
    settings: Settings, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = datetime.now(UTC).replace(minute=30)
    record(settings, kind, "1", moment - timedelta(days=9))
    record(settings, kind, "1", moment)
    end = moment.replace(minute=0) + timedelta(hours=1, days=settings.receipt_days)
    assert main(["1", "2"]) == 1
    assert f"Version 1 may go from {end:%Y-%m-%d %H:%M} UTC" in capsys.readouterr().err
    assert there(settings) == ("1234", "1234", "")
    assert [one.version for one in retire(settings)] == ["2"]


def test_a_version_that_is_served_or_about_to_be_stays(settings: Settings, served: Callable[[str, str], None]) -> None:
    served("1", "2")
    assert retire(settings) == []
    with pytest.raises(PlatformError, match=r"served at http://127\.0\.0\.1:9000.*being taken up at http"):
        retire(settings, ["1", "2"])


def test_a_version_that_is_not_registered_is_refused(settings: Settings) -> None:
    with pytest.raises(PlatformError, match="no version 9"):
        retire(settings, ["9"])


def test_a_retired_version_comes_back_whole_and_can_be_retired_again(settings: Settings) -> None:
    before = read_bundle(settings.models_dir / "v1")
    retire(settings)
    assert restore(settings, "1") == str(settings.models_dir / "v1")
    assert read_bundle(settings.models_dir / "v1") == before
    assert there(settings) == ("134", "134", "2")
    retire(settings)
    assert there(settings) == ("34", "34", "12")


def test_a_bundle_of_which_mlflow_has_no_whole_copy_is_not_removed(settings: Settings, platform_dir: Path) -> None:
    (copy,) = (platform_dir / "artifacts").rglob("bundle/v1/model.ubj")
    copy.write_text("altered")
    with pytest.raises(PlatformError, match=r"no whole copy of the bundle of version 1"):
        retire(settings)
    assert there(settings) == ("1234", "1234", "")


@pytest.mark.parametrize("killed_at", ["remove_bundle", "only_registry_writer"])
def test_a_run_that_is_killed_is_completed_by_the_next(
    settings: Settings, killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"steps.retire_models.{killed_at}", kill)
        with pytest.raises(KeyboardInterrupt):
            retire(settings, ["1"])
    (settings.models_dir / ".retired-v1-00").mkdir()  # killed while it removed the files
    assert there(settings)[2] == "1"
    retire(settings, ["1"])
    assert there(settings) == ("234", "234", "1")


def test_a_deployment_under_way_is_waited_for(settings: Settings) -> None:
    with services.only_deployer(settings):
        waiting = threading.Thread(target=retire, args=(settings,))
        waiting.start()
        time.sleep(1)
        assert there(settings) == ("1234", "1234", "")
    waiting.join(60)
    assert there(settings) == ("34", "34", "12")
