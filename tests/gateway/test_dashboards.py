"""Grafana's dashboards are what their code makes; each query is asked of a real Prometheus on the real service."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from serving.metrics import Metrics, ProfileMetrics
from serving.rollouts.metrics import RolloutMetrics
from tests.gateway.conftest import Standing
from tests.prometheus import FOLDER, Prometheus, prometheus

NAME = re.compile(r"\b(?:hpp|haproxy)[a-z0-9_:]+")


@pytest.fixture(scope="module")
def dashboards() -> ModuleType:
    """docker/monitoring/grafana/dashboards.py, which is a command and in no package."""
    spec = importlib.util.spec_from_file_location("dashboards", FOLDER / "grafana" / "dashboards.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def watching(standing: Standing, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A Prometheus that has seen some calls."""
    one, two = (f"127.0.0.1:{settings.metrics_port}" for settings in standing.settings)
    places = {"serving-one:9001": one, "serving-two:9001": two, "gateway:8404": f"127.0.0.1:{standing.gateway.metrics}"}
    with prometheus(tmp_path_factory.mktemp("prometheus"), places) as found:
        for _ in range(4):
            assert standing.priced() == 200
            found.wait_for('count(up == 1) == 4 and sum(hpp_requests_total{path="/api/v1.0/predictions"}) > 0')
        found.wait_for("sum(rate(hpp_rows_total[1m]))")
        found.wait_for("hpp:requests:error_ratio_rate5m")
        yield found


def declared() -> set[str]:
    """The names of all series that the service can show, those included that nothing has set yet."""
    registry = CollectorRegistry()
    Metrics(registry), ProfileMetrics(registry), RolloutMetrics(registry)
    names = {family.name for family in registry.collect()}
    return {name + end for name in names for end in ("", "_total", "_bucket", "_count", "_sum")}


@pytest.mark.parametrize("name", ["service", "model"])
def test_a_dashboard_is_what_its_code_makes(dashboards: ModuleType, name: str) -> None:
    assert (Path(dashboards.FOLDER) / f"{name}.json").read_text() == dashboards.document(name)


@pytest.mark.parametrize("name", ["service", "model"])
def test_every_query_of_a_panel_is_understood_names_what_there_is_and_finds_what_was_seen(
    dashboards: ModuleType, watching: Prometheus, name: str
) -> None:
    seen = set(watching.get("label/__name__/values"))
    recorded = {rule["name"] for group in watching.get("rules")["groups"] for rule in group["rules"]}
    known = seen | recorded | declared()
    for panel in dashboards.DASHBOARDS[name][1]:
        for query, _ in panel.queries:
            used = set(NAME.findall(query))
            assert used, query
            assert used <= known, f"{panel.title}: {used - known}"
            asked = query.replace("$__rate_interval", "1m")
            # A rate needs two samples: what has been seen is waited for, the rest must be understood.
            watching.wait_for(asked) if used <= seen else watching.result(asked)
