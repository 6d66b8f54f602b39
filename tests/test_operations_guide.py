"""The operations guide has a page for whatever alert links to it."""

import re

import pytest
import yaml

from serving.alerts.catalogue import KINDS
from zenml_config.environment import ROOT

GUIDE = (ROOT / "docs" / "operations.md").read_text()
RULES = yaml.safe_load((ROOT / "docker" / "monitoring" / "rules.yml").read_text())
URGENCY = {"critical": "Wake somebody: now.", "warning": "Next working day.", "info": "For the record."}


def severities() -> dict[str, str]:
    """The alerts of Prometheus and those that the platform sends, with how urgent they are."""
    watched = {
        rule["alert"]: rule["labels"]["severity"]
        for group in RULES["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    return watched | {name: kind.severity for name, kind in KINDS.items()}


@pytest.mark.parametrize(("name", "severity"), sorted(severities().items()))
def test_an_alert_has_a_page_that_says_how_urgent_it_is_where_to_look_and_what_to_do(name: str, severity: str) -> None:
    page = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", GUIDE, flags=re.S | re.M)
    assert page, f"docs/operations.md has no section {name}"
    assert page[1].strip().startswith(URGENCY[severity])
    assert "\n- Look: " in page[1]
    assert "\n- Do: " in page[1]


def test_every_page_is_of_an_alert() -> None:
    assert set(re.findall(r"^### ([A-Z][A-Za-z]+)$", GUIDE, flags=re.M)) == severities().keys()
