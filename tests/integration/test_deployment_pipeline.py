"""Whole runs of the deployment pipeline: a real registry, a real Feast store, real server processes."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from zenml.client import Client
from zenml.models import PipelineRunResponse

from pipelines.deployment import deployment_pipeline
from serving import service
from serving.process.processes import group
from serving.settings import Settings
from steps.core.errors import DeploymentError
from steps.deployment.deployed import Deployment
from steps.deployment.service_answers import ask
from tests.closing_table import closing_table
from tests.dashboard_pages import pages_of
from tests.serving_platform import ServingPlatform, copy_online_store
from zenml_config.environment import ROOT

CONFIG = str(ROOT / "zenml_config" / "deployment.yaml")


def run() -> PipelineRunResponse:
    deployment_pipeline.with_options(config_path=CONFIG)()
    return Client().list_pipeline_runs(sort_by="desc:created").items[0]


def deployed() -> Deployment:
    ended = run()
    assert pages_of(ended) == {"champion", "deployment", "deployment_report"}
    found = ended.steps["deploy_model"].outputs["deployment"][0].load()
    assert isinstance(found, Deployment)
    shown = closing_table("deployment", ended)
    assert f"service        {found.url} ({found.action}" in shown
    assert f"version        house-price {found.version}" in shown
    return found


def spoiled_online_store(platform: ServingPlatform, copy: Path) -> str:
    """A setting of the online store: a copy in which one house has the features of another."""
    copy_online_store(platform, copy)
    with contextlib.closing(sqlite3.connect(copy)) as connection, connection:
        (name,) = connection.execute("select name from sqlite_master where name like '%house_features_rows'").fetchone()
        ((one,), (other,)) = connection.execute(f'select _key from "{name}" order by _key limit 2').fetchall()  # noqa: S608
        connection.execute(f'delete from "{name}" where _key = ?', [other])  # noqa: S608
        connection.execute(f'update "{name}" set _key = ? where _key = ?', [other, one])  # noqa: S608
    return f'{{type: serving.online.sqlite_rows.SqliteRowsOnlineStore, path: "{copy}"}}'


def zombies() -> set[int]:
    """This process's children that have ended and were not waited for."""
    return {child.pid for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE}


def test_a_champion_is_started_kept_rolled_and_a_wrong_one_is_not_let_in(
    zenml_stack: None,
    champion: Callable[[str], None],
    serving_settings: Settings,
    serving_platform: ServingPlatform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    champion("1")
    first = deployed()
    assert (first.action, first.version, first.previous_version) == ("started", "1", None)
    assert first.candidate is None

    second = deployed()
    assert (second.action, second.pid, second.candidate) == ("kept", first.pid, None)

    champion("2")
    third = deployed()
    assert (third.action, third.version, third.previous_version) == ("rolled", "2", "1")
    assert third.candidate is not None
    for found in (third.candidate, third.live):
        for parity in (found.by_raw_features, found.by_house_id):
            assert (parity.rows, parity.holds) == (506, True)
        assert (found.stored_features.houses, found.stored_features.differences) == (506, [])
    (now,) = service.running(serving_settings)
    assert (now.pid, now.version) == (third.pid, "2")
    assert len(ask(now, ["house_id"], [[1], [2]], serving_platform.key, 1)) == 2
    # What the pipeline asked for was a probe: none of it counts as traffic.
    assert not list(serving_settings.profiles_dir.glob("v*/*/*.bin")) or all_probes(serving_settings)

    monkeypatch.setenv("HPP_ONLINE_STORE", spoiled_online_store(serving_platform, tmp_path / "spoiled.db"))
    champion("1")
    earlier = zombies()
    with pytest.raises(DeploymentError, match="The online store differs from the offline store"):
        run()
    assert zombies() <= earlier
    (still,) = service.running(serving_settings)
    assert (still.pid, still.version) == (third.pid, "2")
    service.stop(still, serving_settings)
    assert not group(still.pid, still.created)


def all_probes(settings: Settings) -> bool:
    from serving.records.profiles import ROWS, read_profile

    return all(read_profile(path).metadata[ROWS] == "0" for path in settings.profiles_dir.glob("v*/*/*.bin"))
