"""The Alertmanager of the compose file knows what its configuration says."""

import re

import yaml

from zenml_config.environment import ROOT

FIRST_WITH_URL_FILE = (0, 26)


def test_the_pinned_alertmanager_can_read_the_webhooks_address_from_a_file() -> None:
    configuration = yaml.safe_load((ROOT / "docker/monitoring/alertmanager.yml").read_text())
    webhooks = [hook for receiver in configuration["receivers"] for hook in receiver.get("webhook_configs", [])]
    assert any("url_file" in hook for hook in webhooks)
    image = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]["alertmanager"]["image"]
    version = re.search(r":v(\d+)\.(\d+)\.", image)
    assert version is not None
    assert (int(version[1]), int(version[2])) >= FIRST_WITH_URL_FILE
