"""Prometheus' rules: they parse, fire when they should and not otherwise, and are about figures that there are."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from serving.alerts.catalogue import KINDS
from serving.alerts.metrics import AlertMetrics
from serving.metrics import Metrics, ProfileMetrics
from serving.rollouts.metrics import RolloutMetrics
from zenml_config.environment import ROOT

FOLDER = ROOT / "docker" / "monitoring"
GUIDE = ROOT / "docs" / "operations.md"
USE = re.compile(r"\b(hpp_[a-z0-9_]+)(?:\{([^}]*)\})?")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def exposed() -> dict[str, set[str]]:
    """The labels of each figure that the service's processes can show, by the name that Prometheus has for it."""
    registry = CollectorRegistry()
    for figures in (Metrics, ProfileMetrics, RolloutMetrics, AlertMetrics):
        figures(registry)
    found: dict[str, set[str]] = {}
    for metric in registry._collector_to_names:
        assert isinstance(metric, MetricWrapperBase)
        for suffix in SUFFIXES[metric._type]:
            found[metric._name + suffix] = {*metric._labelnames, *({"le"} if suffix == "_bucket" else ())}
    return found


@pytest.mark.parametrize("command", [["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]])
def test_promtool_accepts_the_rules_and_their_tests(command: list[str]) -> None:
    if shutil.which("promtool") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("promtool is not installed: Debian's package prometheus has it")
        pytest.skip("promtool is not installed: Debian's package prometheus has it")
    done = subprocess.run(["promtool", *command], cwd=FOLDER, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_figure_and_label_in_a_rule_is_one_that_the_service_shows() -> None:
    known, used = exposed(), set()
    for rule in rules():
        for name, selectors in USE.findall(rule["expr"]):
            assert name in known, f"{name} in {rule}"
            used.add(name)
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selectors))
            assert labels <= known[name], f"{labels} of {name} in {rule}"
    assert len(used) > 12


def test_every_alert_of_prometheus_says_what_happened_what_to_do_and_where_to_read_on() -> None:
    for rule in alerts():
        said = rule["annotations"]
        assert set(said) == {"summary", "description", "runbook_url"}, rule
        assert said["runbook_url"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert len(said["description"]) > 60


def test_every_alert_is_tested() -> None:
    tests = (FOLDER / "rules_test.yml").read_text()
    assert [rule["alert"] for rule in alerts() if tests.count(rule["alert"]) < 1] == []


def test_prometheus_and_the_platform_mean_the_same_by_the_same_name() -> None:
    urgency = {rule["alert"]: rule["labels"]["severity"] for rule in alerts()}
    both = urgency.keys() & KINDS.keys()
    assert both == {"DriftDetected", "ModelErrorHigh", "RolloutRolledBack"}
    assert {name: urgency[name] for name in both} == {name: KINDS[name].severity for name in both}


def test_prometheus_scrapes_the_service_under_the_name_that_the_rules_know() -> None:
    jobs = [job["job_name"] for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]]
    named = {name for rule in rules() for name in re.findall(r'job="([^"]+)"', rule["expr"])}
    assert named <= set(jobs)


def headings(guide: Path) -> set[str]:
    return {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).strip().lower()
        for line in guide.read_text().splitlines()
        if line.startswith("#")
    }


def test_every_alert_has_its_page_in_the_operations_guide() -> None:
    names = {*KINDS, *(rule["alert"] for rule in alerts())}
    assert sorted(name for name in names if name.lower() not in headings(GUIDE)) == []
